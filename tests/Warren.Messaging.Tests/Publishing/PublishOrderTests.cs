using System.Text.Json;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Publishing;

[Trait("Category", "Service")]
public class PublishOrderTests(RabbitMqFixture rabbit)
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    [Theory]
    [InlineData(QueueType.Classic)]
    [InlineData(QueueType.Quorum)]
    public async Task A_batch_keeps_its_order_and_its_ids(QueueType type)
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await bus.Queues.DeclareAsync(new QueueDefinition("many") { Type = type });

        var ids = await bus.SendBatchAsync("many", Numbered.Range(20_000));

        Assert.Equal(20_000, ids.Distinct().Count());
        // Version 7 ids made in order rise, but for those of one millisecond.
        Assert.All(ids.Zip(ids.Skip(1)), pair => Assert.True(string.CompareOrdinal(pair.First[..13], pair.Second[..13]) <= 0));
        Assert.Equal(Enumerable.Range(0, 20_000), Numbers(await raw.DrainAsync("many", 20_000)));
    }

    [Fact]
    public async Task The_ids_of_a_batch_are_those_of_its_messages()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("inbox");

        var ids = await bus.SendBatchAsync("inbox", Numbered.Range(50));

        foreach (var id in ids)
            Assert.Equal(id, (await raw.TakeAsync("inbox")).BasicProperties.MessageId);
    }

    [Fact]
    public async Task An_empty_batch_is_done()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());

        Assert.Empty(await bus.SendBatchAsync("nowhere", Array.Empty<Numbered>()));
    }

    [Fact]
    public async Task A_batch_names_exactly_those_that_failed()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url, options => options.MaxMessageBytes = 100);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("small", ("x-max-length", 8), ("x-overflow", "reject-publish"));
        var batch = Enumerable.Range(0, 12).Select(i => new Numbered(i, i is 2 or 5 ? new string('x', 200) : ""));

        var error = await Assert.ThrowsAsync<BatchPublishFailedException>(() => bus.SendBatchAsync("small", batch));

        // 2 and 5 are too large; eight of the others fit into the queue; the last two do not.
        Assert.Equal([2, 5, 10, 11], error.Failures.Keys.Order());
        Assert.Equal(PublishFailureReason.TooLarge, error.Failures[2].Reason);
        Assert.Equal(PublishFailureReason.TooLarge, error.Failures[5].Reason);
        Assert.Equal(PublishFailureReason.Nacked, error.Failures[10].Reason);
        Assert.Equal(PublishFailureReason.Nacked, error.Failures[11].Reason);
        Assert.Equal(PublishFailureReason.TooLarge, error.Reason);
        Assert.Equal([0, 1, 3, 4, 6, 7, 8, 9], Numbers(await raw.DrainAsync("small", 8)));
    }

    [Fact]
    public async Task A_batch_to_a_new_exchange_keeps_its_order()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("inbox");
        for (var round = 0; round < 20; round++)
        {
            // Known to the broker, not to this bus: the first publishes wait for the look at the exchange.
            await raw.Channel.ExchangeDeclareAsync($"events{round}", "topic", durable: true, autoDelete: false);
            await raw.Channel.QueueBindAsync("inbox", $"events{round}", "#");
            await using var bus = await MessageBus.ConnectAsync(url);

            await bus.PublishBatchAsync($"events{round}", "a", Numbered.Range(2000));

            Assert.Equal(Enumerable.Range(0, 2000), Numbers(await raw.DrainAsync("inbox", 2000)));
        }
    }

    [Theory]
    [InlineData(QueueType.Classic)]
    [InlineData(QueueType.Quorum)]
    public async Task Each_of_many_callers_keeps_its_own_order(QueueType type)
    {
        const int Callers = 64;
        const int Each = 500;
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await bus.Queues.DeclareAsync(new QueueDefinition("many") { Type = type });

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var sends = new List<Task>();
            for (var i = 0; i < Each; i++)
                sends.Add(bus.SendAsync("many", new Numbered(i, $"{caller}")));
            await Task.WhenAll(sends);
        })));

        var received = (await raw.DrainAsync("many", Callers * Each)).Select(body => JsonSerializer.Deserialize<Numbered>(body, Web)!).ToList();
        Assert.Equal(Callers * Each, received.Count);
        foreach (var caller in received.GroupBy(message => message.Text))
            Assert.Equal(Enumerable.Range(0, Each), caller.Select(message => message.Id));
    }

    [Fact]
    public async Task No_more_than_the_window_is_in_flight()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await MessageBus.ConnectAsync(proxy.Rewrite(url), options => options.PublishWindow = 6);
        await using var other = await MessageBus.ConnectAsync(url);
        await bus.Queues.DeclareAsync(new QueueDefinition("inbox") { Type = QueueType.Classic });
        async Task<long> CountAsync() => (await other.Queues.InfoAsync("inbox")).MessageCount;

        // The publishing channel is open.
        await bus.PublishAsync("amq.topic", "nobody.listens", new Numbered(0));
        proxy.Stall(ProxyDirections.ToClient);
        var sends = Enumerable.Range(0, 20).Select(i => bus.SendAsync("inbox", new Numbered(i))).ToList();
        await Eventually.ThatAsync(async () => await CountAsync() >= 6, "the window is full");
        // Each look is a way to the broker and back, in which a seventh would have come.
        for (var look = 0; look < 50; look++)
            Assert.Equal(6, await CountAsync());
        Assert.DoesNotContain(sends, send => send.IsCompleted);

        proxy.Resume();
        await Task.WhenAll(sends);
        Assert.Equal(20, await CountAsync());
    }

    private static IEnumerable<int> Numbers(IEnumerable<string> bodies) =>
        bodies.Select(body => JsonSerializer.Deserialize<Numbered>(body, Web)!.Id);
}
