using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Publishing;

[Trait("Category", "Service")]
public class PublishFailureTests(RabbitMqFixture rabbit)
{
    [Fact]
    public async Task Sending_to_a_queue_that_does_not_exist_is_unroutable()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());

        var error = await Assert.ThrowsAsync<PublishFailedException>(() => bus.SendAsync("missing", new Numbered(1)));

        Assert.Equal(PublishFailureReason.Unroutable, error.Reason);
        Assert.NotNull(error.MessageId);
        Assert.Contains("no queue \"missing\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_queue_nacks()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("small", ("x-max-length", 1), ("x-overflow", "reject-publish"));
        await bus.SendAsync("small", new Numbered(1));

        var error = await Assert.ThrowsAsync<PublishFailedException>(
            () => bus.SendAsync("small", new Numbered(2), new PublishOptions { MessageId = "second" }));

        Assert.Equal(PublishFailureReason.Nacked, error.Reason);
        Assert.Equal("second", error.MessageId);
        Assert.Contains("x-max-length", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await bus.Queues.InfoAsync("small")).MessageCount);
    }

    [Fact]
    public async Task A_message_over_the_bus_s_limit_is_too_large_and_not_sent()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync(), options => options.MaxMessageBytes = 100);
        await bus.Queues.DeclareAsync(new QueueDefinition("inbox") { Type = QueueType.Classic });

        Assert.NotNull(await bus.SendAsync("inbox", new byte[100]));
        var error = await Assert.ThrowsAsync<PublishFailedException>(() => bus.SendAsync("inbox", new byte[101]));

        Assert.Equal(PublishFailureReason.TooLarge, error.Reason);
        Assert.Contains("101", error.Message, StringComparison.Ordinal);
        Assert.Contains("Warren:Messaging:MaxMessageBytes", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await bus.Queues.InfoAsync("inbox")).MessageCount);
    }

    /// <remarks>A broker of its own: the limit is a setting.</remarks>
    [Fact]
    public async Task A_message_over_the_broker_s_limit_is_too_large_and_harms_no_other()
    {
        await using var broker = await RabbitMqFixture.StartBrokerAsync(new BrokerSettings { MaxMessageSize = 65536 });
        await using var bus = await MessageBus.ConnectAsync(broker.Url);
        await bus.Queues.DeclareAsync(new QueueDefinition("inbox") { Type = QueueType.Classic });

        var before = Enumerable.Range(0, 50).Select(i => bus.SendAsync("inbox", new Numbered(i))).ToList();
        var large = bus.SendAsync("inbox", new byte[65537]);
        var after = Enumerable.Range(50, 50).Select(i => bus.SendAsync("inbox", new Numbered(i))).ToList();

        var error = await Assert.ThrowsAsync<PublishFailedException>(() => large);
        Assert.Equal(PublishFailureReason.TooLarge, error.Reason);
        Assert.All(await Task.WhenAll([.. before, .. after]), Assert.NotNull);
        // What was in flight when the broker closed the channel may be there twice, but nothing is missing.
        Assert.InRange((await bus.Queues.InfoAsync("inbox")).MessageCount, 100, 200);
    }

    [Fact]
    public async Task A_value_amqp_has_no_type_for_fails_alone()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("inbox");
        var bad = new PublishOptions { Headers = new Dictionary<string, object?> { ["bad"] = new Uri("about:blank") } };

        var sends = Enumerable.Range(0, 300).Select(i => bus.SendAsync("inbox", new Numbered(i), i % 100 == 50 ? bad : null)).ToList();

        for (var i = 0; i < sends.Count; i++)
        {
            if (i % 100 == 50)
                Assert.Equal(PublishFailureReason.Invalid, (await Assert.ThrowsAsync<PublishFailedException>(() => sends[i])).Reason);
            else
                Assert.NotNull(await sends[i]);
        }
        var bodies = await raw.DrainAsync("inbox", 297);
        Assert.Equal(Enumerable.Range(0, 300).Where(i => i % 100 != 50).Select(i => $$"""{"id":{{i}},"text":""}"""), bodies);
    }

    [Fact]
    public async Task A_property_the_broker_refuses_fails_alone()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await bus.Queues.DeclareAsync(new QueueDefinition("inbox") { Type = QueueType.Classic });
        // RabbitMQ takes an expiration of at most 2^32 - 1 ms and closes the channel over a longer one.
        var refused = new PublishOptions { Expiration = TimeSpan.FromDays(100_000), MessageId = "refused" };

        var sends = Enumerable.Range(0, 100).Select(i => bus.SendAsync("inbox", new Numbered(i), i == 50 ? refused : null)).ToList();

        var error = await Assert.ThrowsAsync<PublishFailedException>(() => sends[50]);
        Assert.Equal(PublishFailureReason.Refused, error.Reason);
        Assert.Equal("refused", error.MessageId);
        Assert.Contains("406", error.Message, StringComparison.Ordinal);
        Assert.All(await Task.WhenAll(sends.Where(send => send != sends[50])), Assert.NotNull);
    }

    [Theory]
    [InlineData("exchange's name")]
    [InlineData("routing key")]
    [InlineData("message id")]
    [InlineData("type")]
    [InlineData("correlation id")]
    public async Task A_name_over_255_bytes_is_invalid(string which)
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        string Name(string name, string otherwise) => name == which ? new string('ä', 128) : otherwise;
        string? Optional(string name) => name == which ? new string('ä', 128) : null;

        var error = await Assert.ThrowsAsync<PublishFailedException>(() => bus.PublishAsync(
            Name("exchange's name", "amq.topic"), Name("routing key", "key"), new Numbered(1),
            new PublishOptions { MessageId = Optional("message id"), Type = Optional("type"), CorrelationId = Optional("correlation id") }));

        Assert.Equal(PublishFailureReason.Invalid, error.Reason);
        Assert.NotNull(await bus.PublishAsync("amq.topic", new string('k', 255), new Numbered(1), new PublishOptions { MessageId = new string('m', 255) }));
    }

    [Fact]
    public async Task A_negative_expiration_and_a_timeout_that_is_not_positive_are_invalid()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());

        var expiration = await Assert.ThrowsAsync<PublishFailedException>(
            () => bus.PublishAsync("amq.topic", "a", new Numbered(1), new PublishOptions { Expiration = TimeSpan.FromMilliseconds(-1) }));
        var timeout = await Assert.ThrowsAsync<PublishFailedException>(
            () => bus.PublishAsync("amq.topic", "a", new Numbered(1), new PublishOptions { Timeout = TimeSpan.Zero }));

        Assert.Equal(PublishFailureReason.Invalid, expiration.Reason);
        Assert.Equal(PublishFailureReason.Invalid, timeout.Reason);
    }

    [Fact]
    public async Task A_null_message_is_invalid()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());

        var error = await Assert.ThrowsAsync<PublishFailedException>(() => bus.PublishAsync<Numbered>("amq.topic", "a", null!));

        Assert.Equal(PublishFailureReason.Invalid, error.Reason);
    }

    [Fact]
    public async Task Without_a_confirm_in_time_it_says_that_the_broker_may_have_the_message()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        var time = new ManualTimeProvider();
        await using var bus = await ClockedBus.ConnectAsync(proxy.Rewrite(url), time);
        await using var other = await MessageBus.ConnectAsync(url);
        await bus.Queues.DeclareAsync(new QueueDefinition("inbox") { Type = QueueType.Classic });
        await OpenChannelAsync(bus);
        proxy.Stall(ProxyDirections.ToClient);

        var send = bus.SendAsync("inbox", new Numbered(1), new PublishOptions { Timeout = TimeSpan.FromMilliseconds(300) });
        await Eventually.ThatAsync(async () => (await other.Queues.InfoAsync("inbox")).MessageCount == 1, "the broker has it");
        time.Advance(TimeSpan.FromMilliseconds(300));

        var error = await Assert.ThrowsAsync<PublishFailedException>(() => send);
        Assert.Equal(PublishFailureReason.TimedOut, error.Reason);
        Assert.Contains("the broker may have it", error.Message, StringComparison.Ordinal);
        proxy.Resume();
        Assert.NotNull(await bus.SendAsync("inbox", new Numbered(2)));
        Assert.Equal(2, (await other.Queues.InfoAsync("inbox")).MessageCount);
    }

    [Fact]
    public async Task Without_a_connection_in_time_it_says_so()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await MessageBus.ConnectAsync(proxy.Rewrite(url), options => options.ReconnectMaxDelay = TimeSpan.FromMilliseconds(100));
        await bus.Queues.DeclareAsync(new QueueDefinition("inbox") { Type = QueueType.Classic });
        proxy.RefuseNew();
        await proxy.CutAsync();
        // Each of the bus's connections sees the cut in its own time; until this one does, it sends.
        var error = await Eventually.GetAsync(
            () => Assert.ThrowsAsync<PublishFailedException>(
                () => bus.SendAsync("inbox", new Numbered(1), new PublishOptions { Timeout = TimeSpan.FromMilliseconds(300) })),
            error => error.Message.Contains("It was not sent", StringComparison.Ordinal),
            "a message is not sent");

        Assert.Equal(PublishFailureReason.NotConnected, error.Reason);
        proxy.AcceptNew();
        Assert.NotNull(await bus.SendAsync("inbox", new Numbered(2)));
        Assert.Equal(1, (await bus.Queues.InfoAsync("inbox")).MessageCount);
    }

    [Fact]
    public async Task A_call_that_is_canceled_already_sends_nothing()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await bus.Queues.DeclareAsync(new QueueDefinition("inbox") { Type = QueueType.Classic });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => bus.SendAsync("inbox", new Numbered(1), cancellationToken: new CancellationToken(canceled: true)));

        await bus.SendAsync("inbox", new Numbered(2));
        Assert.Equal(1, (await bus.Queues.InfoAsync("inbox")).MessageCount);
    }

    [Fact]
    public async Task A_cancel_while_waiting_ends_the_wait_and_not_the_message()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await MessageBus.ConnectAsync(proxy.Rewrite(url));
        await bus.Queues.DeclareAsync(new QueueDefinition("inbox") { Type = QueueType.Classic });
        await OpenChannelAsync(bus);
        proxy.Stall();
        using var cancel = new CancellationTokenSource();
        var send = bus.SendAsync("inbox", new Numbered(1), cancellationToken: cancel.Token);
        Assert.False(send.IsCompleted);

        await cancel.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => send);
        Assert.Equal(cancel.Token, error.CancellationToken);
        proxy.Resume();
        await bus.SendAsync("inbox", new Numbered(2));
        Assert.Equal(2, (await bus.Queues.InfoAsync("inbox")).MessageCount);
    }

    [Fact]
    public async Task A_user_without_permission_is_refused()
    {
        var broker = await rabbit.ControlAsync();
        var url = await rabbit.NewVirtualHostAsync();
        await broker.AddUserAsync("reader", "reader", configure: "", write: "", virtualHost: RawClient.VirtualHost(url));
        await using var bus = await MessageBus.ConnectAsync(RawClient.As(url, "reader"));

        var known = await Assert.ThrowsAsync<PublishFailedException>(() => bus.PublishAsync("amq.topic", "a", new Numbered(1)));
        var created = await Assert.ThrowsAsync<PublishFailedException>(() => bus.PublishAsync("new.exchange", "a", new Numbered(1)));

        Assert.Equal(PublishFailureReason.Refused, known.Reason);
        Assert.Contains("403", known.Message, StringComparison.Ordinal);
        Assert.Equal(PublishFailureReason.Refused, created.Reason);
        Assert.Contains("reader", created.Message, StringComparison.Ordinal);
    }

    // A bus is connected before its publishing channel is open, and what comes before waits.
    private static async Task OpenChannelAsync(MessageBus bus) => await bus.PublishAsync("amq.topic", "nobody.listens", new Numbered(0));
}
