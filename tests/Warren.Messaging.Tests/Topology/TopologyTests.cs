using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Topology;

[Trait("Category", "Service")]
public class TopologyTests(RabbitMqFixture rabbit)
{
    [Fact]
    public async Task Exchanges_queues_and_bindings_are_declared_together()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var topology = new TopologyDefinition
        {
            Exchanges = [new("events"), new("all") { Kind = ExchangeKind.Fanout }, new("by.header") { Kind = ExchangeKind.Headers }],
            Queues = [new("one"), new("two") { Type = QueueType.Classic }, new("three") { Type = QueueType.Classic }],
            Bindings =
            [
                new("events", "one", "a.*"), new("all", "two", ""),
                new("by.header", "three", "") { Arguments = new Dictionary<string, object?> { ["x-match"] = "all", ["kind"] = "red" } },
            ],
        };

        await bus.DeclareAsync(topology);
        await bus.DeclareAsync(topology);

        var mandatory = new PublishOptions { Mandatory = true };
        Assert.NotNull(await bus.PublishAsync("events", "a.b", new Numbered(1), mandatory));
        Assert.NotNull(await bus.PublishAsync("all", "whatever", new Numbered(1), mandatory));
        Assert.NotNull(await bus.PublishAsync(
            "by.header", "", new Numbered(1), mandatory with { Headers = new Dictionary<string, object?> { ["kind"] = "red" } }));
        await Assert.ThrowsAsync<PublishFailedException>(() => bus.PublishAsync("events", "b.a", new Numbered(1), mandatory));
        await Assert.ThrowsAsync<PublishFailedException>(() => bus.PublishAsync(
            "by.header", "", new Numbered(1), mandatory with { Headers = new Dictionary<string, object?> { ["kind"] = "blue" } }));
        foreach (var queue in (string[])["one", "two", "three"])
            await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync(queue)).MessageCount == 1, $"{queue} has its message");
        Assert.True(await bus.Queues.ExistsAsync("one.dead"));
    }

    [Fact]
    public async Task An_exchange_that_exists_otherwise_is_an_error_that_names_both()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.Channel.ExchangeDeclareAsync("events", "direct", durable: true, autoDelete: false);

        var error = await Assert.ThrowsAsync<QueueOperationException>(() => bus.DeclareAsync(new TopologyDefinition { Exchanges = [new("events")] }));

        Assert.Equal(QueueFailureReason.PreconditionFailed, error.Reason);
        Assert.Contains("'topic'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'direct'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_binding_to_what_does_not_exist_is_not_found()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());

        var error = await Assert.ThrowsAsync<QueueOperationException>(
            () => bus.DeclareAsync(new TopologyDefinition { Bindings = [new("no.exchange", "no.queue", "a")] }));

        Assert.Equal(QueueFailureReason.NotFound, error.Reason);
        Assert.Contains("\"no.queue\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_consumer_uses_a_foreign_classic_queue_as_it_is()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("theirs", ("x-max-length", 100));
        await raw.Channel.ExchangeDeclareAsync("their.events", "direct", durable: true, autoDelete: false);
        var seen = new Arrivals<int>();

        await using var consumer = await bus.SubscribeAsync("theirs", "their.events", "created", (Numbered message, CancellationToken _) =>
        {
            seen.Add(message.Id);
            return message.Id == 1 ? throw new RejectMessageException("no") : Task.CompletedTask;
        });
        await raw.PublishAsync("their.events", "created", """{"id":1}""");
        await raw.PublishAsync("their.events", "created", """{"id":2}""");

        Assert.Equal([1, 2], await seen.WaitForAsync(2));
        // Its dead letters have a queue all the same, made when the first one came.
        await Eventually.ThatAsync(async () => (await bus.DeadLetters.ListAsync("theirs")).Count == 1, "there is a dead letter");
        await raw.DeclareAsync("theirs", ("x-max-length", 100));
    }

    [Fact]
    public async Task A_subscription_makes_exchange_queue_binding_and_dead_letter_queue()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);

        await using var consumer = await bus.SubscribeAsync("inbox", "events", "a.#", (Numbered _, CancellationToken _) => Task.CompletedTask,
            new SubscribeOptions { QueueArguments = new Dictionary<string, object?> { ["x-max-length"] = 1000 } });

        Assert.Equal("inbox", consumer.Queue);
        Assert.True(consumer.Health.Consuming);
        await raw.Channel.ExchangeDeclareAsync("events", "topic", durable: true, autoDelete: false);
        await raw.DeclareAsync("inbox", ("x-queue-type", "quorum"), ("x-delivery-limit", 20), ("x-dead-letter-exchange", ""),
            ("x-dead-letter-routing-key", "inbox.dead"), ("x-dead-letter-strategy", "at-least-once"), ("x-overflow", "reject-publish"),
            ("x-max-length", 1000));
        Assert.True(await bus.Queues.ExistsAsync("inbox.dead"));
    }
}
