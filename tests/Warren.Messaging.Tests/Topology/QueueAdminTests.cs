using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Topology;

[Trait("Category", "Service")]
public class QueueAdminTests(RabbitMqFixture rabbit)
{
    [Fact]
    public async Task A_queue_is_declared_looked_at_purged_and_deleted()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        Assert.False(await bus.Queues.ExistsAsync("work"));

        var declared = await bus.Queues.DeclareAsync(new QueueDefinition("work") { Type = QueueType.Classic });
        Assert.Equal(("work", 0, 0), (declared.Name, declared.MessageCount, declared.ConsumerCount));
        await bus.SendBatchAsync("work", Numbered.Range(5));
        Assert.True(await bus.Queues.ExistsAsync("work"));
        var full = await bus.Queues.InfoAsync("work");
        Assert.Equal(("work", 5, 0), (full.Name, full.MessageCount, full.ConsumerCount));
        Assert.Equal(5, await bus.Queues.PurgeAsync("work"));
        Assert.Equal(0, (await bus.Queues.InfoAsync("work")).MessageCount);
        await bus.SendBatchAsync("work", Numbered.Range(3));
        Assert.Equal(3, await bus.Queues.DeleteAsync("work"));
        Assert.False(await bus.Queues.ExistsAsync("work"));
    }

    [Theory]
    [InlineData(QueueType.Quorum)]
    [InlineData(QueueType.Classic)]
    public async Task What_waits_in_a_queue_is_moved_in_order_with_its_properties(QueueType type)
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await bus.Queues.DeclareAsync(new QueueDefinition("from") { Type = type });
        await bus.Queues.DeclareAsync(new QueueDefinition("to") { Type = QueueType.Classic });
        // More than are under way at once.
        var ids = await bus.SendBatchAsync("from", Numbered.Range(700), new() { CorrelationId = "c", Headers = new Dictionary<string, object?> { ["kept"] = 7 } });

        Assert.Equal(10, await bus.Queues.MoveAsync("from", "to", 10));
        Assert.Equal(690, await bus.Queues.MoveAsync("from", "to"));

        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("from")).MessageCount == 0, "the queue is empty");
        var arrived = new Arrivals<MessageContext>();
        await using var receiving = await bus.ReceiveAsync<Numbered>("to", (_, context, _) =>
        {
            arrived.Add(context);
            return Task.CompletedTask;
        }, new ReceiveOptions { Concurrency = 1, DeclareQueue = false });
        var moved = await arrived.WaitForAsync(700);
        Assert.Equal(ids, moved.Select(message => message.MessageId));
        Assert.All(moved, message => Assert.Equal(("c", 7), (message.CorrelationId, message.Headers["kept"])));
    }

    [Fact]
    public async Task What_cannot_be_moved_stays_where_it_is()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await bus.Queues.DeclareAsync(new QueueDefinition("from"));
        await bus.Queues.DeclareAsync(new QueueDefinition("full")
        {
            Type = QueueType.Classic, Arguments = new Dictionary<string, object?> { ["x-max-length"] = 0, ["x-overflow"] = "reject-publish" },
        });
        await bus.SendBatchAsync("from", Numbered.Range(5));

        Assert.Equal(PublishFailureReason.Unroutable, (await Assert.ThrowsAsync<PublishFailedException>(() => bus.Queues.MoveAsync("from", "none"))).Reason);
        Assert.Equal(PublishFailureReason.Nacked, (await Assert.ThrowsAsync<PublishFailedException>(() => bus.Queues.MoveAsync("from", "full"))).Reason);
        Assert.Equal(QueueFailureReason.NotFound, (await Assert.ThrowsAsync<QueueOperationException>(() => bus.Queues.MoveAsync("none", "from"))).Reason);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bus.Queues.MoveAsync("from", "from"));

        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("from")).MessageCount == 5, "all are still there");
    }

    [Fact]
    public async Task Declaring_again_is_no_error()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await bus.Queues.DeclareAsync(new QueueDefinition("work"));
        await bus.SendAsync("work", new Numbered(1));

        Assert.Equal("work", (await bus.Queues.DeclareAsync(new QueueDefinition("work"))).Name);
        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("work")).MessageCount == 1, "its message is still there");
    }

    [Fact]
    public async Task A_queue_of_our_own_is_quorum_with_a_dead_letter_queue_beside_it()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);

        await bus.Queues.DeclareAsync(new QueueDefinition("work"));

        // The very same declarations pass, any other would be 406.
        await raw.DeclareAsync("work", ("x-queue-type", "quorum"), ("x-delivery-limit", 20), ("x-dead-letter-exchange", ""),
            ("x-dead-letter-routing-key", "work.dead"), ("x-dead-letter-strategy", "at-least-once"), ("x-overflow", "reject-publish"));
        await raw.DeclareAsync("work.dead", ("x-queue-type", "quorum"), ("x-delivery-limit", 1_000_000));
        Assert.True(await bus.Queues.ExistsAsync("work.dead"));
    }

    [Fact]
    public async Task A_classic_queue_gets_no_arguments_but_its_own()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);

        await bus.Queues.DeclareAsync(new QueueDefinition("plain") { Type = QueueType.Classic });
        await bus.Queues.DeclareAsync(new QueueDefinition("limited")
        {
            Type = QueueType.Classic, Arguments = new Dictionary<string, object?> { ["x-max-length"] = 7 },
        });

        await raw.DeclareAsync("plain");
        await raw.DeclareAsync("limited", ("x-max-length", 7));
        Assert.False(await bus.Queues.ExistsAsync("plain.dead"));
    }

    [Fact]
    public async Task An_argument_of_null_takes_a_default_away()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);

        await bus.Queues.DeclareAsync(new QueueDefinition("bare")
        {
            Arguments = new Dictionary<string, object?>
            {
                ["x-delivery-limit"] = 3, ["x-dead-letter-exchange"] = null, ["x-dead-letter-routing-key"] = null, ["x-dead-letter-strategy"] = null,
                ["x-overflow"] = null,
            },
        });

        await raw.DeclareAsync("bare", ("x-queue-type", "quorum"), ("x-delivery-limit", 3));
        Assert.False(await bus.Queues.ExistsAsync("bare.dead"));
    }

    [Fact]
    public async Task A_queue_that_exists_otherwise_is_explained_with_both_values()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("work", ("x-max-length", 5));

        var error = await Assert.ThrowsAsync<QueueOperationException>(() => bus.Queues.DeclareAsync(new QueueDefinition("work")
        {
            Type = QueueType.Classic, Arguments = new Dictionary<string, object?> { ["x-max-length"] = 9 },
        }));

        Assert.Equal(QueueFailureReason.PreconditionFailed, error.Reason);
        Assert.Contains("declare queue \"work\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("x-max-length", error.Message, StringComparison.Ordinal);
        Assert.Contains("'9'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'5'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_queue_that_does_not_exist_is_not_found_and_deleting_it_is_no_error()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());

        var info = await Assert.ThrowsAsync<QueueOperationException>(() => bus.Queues.InfoAsync("missing"));
        var purge = await Assert.ThrowsAsync<QueueOperationException>(() => bus.Queues.PurgeAsync("missing"));

        Assert.Equal(QueueFailureReason.NotFound, info.Reason);
        Assert.Equal(QueueFailureReason.NotFound, purge.Reason);
        Assert.Contains("\"missing\"", info.Message, StringComparison.Ordinal);
        Assert.Equal(0, await bus.Queues.DeleteAsync("missing"));
        await Assert.ThrowsAsync<ArgumentException>(() => bus.Queues.InfoAsync(""));
    }

    [Fact]
    public async Task A_queue_in_use_or_not_empty_is_deleted_only_if_that_is_meant()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await bus.Queues.DeclareAsync(new QueueDefinition("full") { Type = QueueType.Classic });
        await bus.SendAsync("full", new Numbered(1));
        await using var consumer = await bus.ReceiveAsync(
            "used", (Numbered _, CancellationToken _) => Task.CompletedTask, new ReceiveOptions { QueueType = QueueType.Classic });

        var notEmpty = await Assert.ThrowsAsync<QueueOperationException>(() => bus.Queues.DeleteAsync("full", ifEmpty: true));
        var inUse = await Assert.ThrowsAsync<QueueOperationException>(() => bus.Queues.DeleteAsync("used", ifUnused: true));

        Assert.Equal(QueueFailureReason.PreconditionFailed, notEmpty.Reason);
        Assert.Equal(QueueFailureReason.PreconditionFailed, inUse.Reason);
        Assert.Contains("Purge it", notEmpty.Message, StringComparison.Ordinal);
        Assert.Contains("Stop its consumers", inUse.Message, StringComparison.Ordinal);
        Assert.Equal(1, await bus.Queues.DeleteAsync("full", ifUnused: true));
    }

    [Fact]
    public async Task A_queue_another_connection_holds_exclusively_is_locked()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.Channel.QueueDeclareAsync("mine", durable: false, exclusive: true, autoDelete: false);

        var error = await Assert.ThrowsAsync<QueueOperationException>(() => bus.Queues.InfoAsync("mine"));

        Assert.Equal(QueueFailureReason.Locked, error.Reason);
    }

    [Fact]
    public async Task A_user_without_permission_is_named()
    {
        var broker = await rabbit.ControlAsync();
        var url = await rabbit.NewVirtualHostAsync();
        var user = $"guest-{RawClient.VirtualHost(url)}";
        await broker.AddUserAsync(user, user, configure: "^allowed", virtualHost: RawClient.VirtualHost(url));
        await using var bus = await MessageBus.ConnectAsync(RawClient.As(url, user));

        var error = await Assert.ThrowsAsync<QueueOperationException>(
            () => bus.Queues.DeclareAsync(new QueueDefinition("forbidden") { Type = QueueType.Classic }));

        Assert.Equal(QueueFailureReason.AccessRefused, error.Reason);
        Assert.Contains(user, error.Message, StringComparison.Ordinal);
        Assert.Contains("permission", error.Message, StringComparison.Ordinal);
        await bus.Queues.DeclareAsync(new QueueDefinition("allowed") { Type = QueueType.Classic });
    }
}
