using RabbitMQ.Client;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>The broker closes a channel alone, over a message or for no visible reason.</summary>
[Trait("Category", "Service")]
public class ChannelLossTests(RabbitMqFixture rabbit, ITestOutputHelper output)
{
    private const int Callers = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Channels_that_are_closed_alone_come_back_and_what_was_in_flight_is_sent_again_in_order()
    {
        const int Each = 2_000;
        var broker = await rabbit.ControlAsync(Token);
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await ConnectAsync(proxy.Rewrite(url));
        var load = new Load("load");
        await using var subscription = await load.ReceiveAsync(bus, "one");

        var sending = load.PublishAsync(bus, Callers, Each);
        await load.Confirms.WaitForAsync(Callers * Each / 4, Patience, Token);
        Assert.True(await broker.CloseChannelsAsync(RawClient.VirtualHost(url), cancellationToken: Token) >= 2, "Expected a channel that publishes and one that consumes.");
        await sending.WaitAsync(Patience, TimeProvider.System, Token);
        await load.Arrived.WaitForAsync(Callers * Each, Patience, Token);
        var doubles = load.AssertNothingLost(Callers, Each);
        load.AssertInOrder("one");
        // Two connections, unless the client wrote to a channel after it had agreed to its end: the broker then ends the connection.
        output.WriteLine($"{proxy.Accepted.Value} connections, {doubles} doubles of {Callers * Each} messages.");
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Healthy, "the bus is healthy", cancellationToken: Token);
    }

    [Fact]
    public async Task A_channel_that_dies_with_its_connection_as_an_internal_error_comes_back()
    {
        const int Each = 1_000;
        var node = await rabbit.NodeAsync(Token);
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var bus = await ConnectAsync(url);
        var load = new Load("load");
        await using var subscription = await load.ReceiveAsync(bus, "one");

        var sending = load.PublishAsync(bus, Callers, Each);
        await load.Confirms.WaitForAsync(Callers * Each / 4, Patience, Token);
        // The broker answers the death of a channel's process by closing its connection with 541.
        await node.EvaluateAsync(
            $"[exit(Channel, kill) || {{Channel, Facts}} <- ets:tab2list(channel_created), proplists:get_value(vhost, Facts) =:= <<\"{new Uri(url).AbsolutePath[1..]}\">>].",
            Token);
        await sending.WaitAsync(Patience, TimeProvider.System, Token);
        await load.Arrived.WaitForAsync(Callers * Each, Patience, Token);
        var doubles = load.AssertNothingLost(Callers, Each);
        output.WriteLine($"{doubles} doubles of {Callers * Each} messages.");
    }

    [Fact]
    public async Task A_message_that_closes_the_channel_fails_alone_and_the_others_arrive_in_order()
    {
        const int Others = 1_000;
        var broker = await rabbit.ControlAsync(Token);
        var url = await rabbit.NewVirtualHostAsync(Token);
        var host = new Uri(url).AbsolutePath[1..];
        await broker.AddUserAsync($"writer-{host}", "secret", write: "^(?!forbidden)", virtualHost: host, cancellationToken: Token);
        await using var owner = await ConnectAsync(url);
        await owner.DeclareAsync(new TopologyDefinition { Exchanges = [new ExchangeDefinition("forbidden")], Queues = [new QueueDefinition("work")] }, Token);
        await using var bus = await ConnectAsync(url.Replace("guest:guest", $"writer-{host}:secret", StringComparison.Ordinal));
        // The bus knows the exchange before, so that nothing comes between the messages.
        var known = await Assert.ThrowsAsync<PublishFailedException>(() => bus.PublishAsync("forbidden", "key", -1, cancellationToken: Token));
        Assert.Equal(PublishFailureReason.Refused, known.Reason);

        var sends = new List<Task<string?>>();
        for (var number = 1; number <= Others / 2; number++)
            sends.Add(bus.SendAsync("work", number, cancellationToken: Token));
        var poison = bus.PublishAsync("forbidden", "key", 0, new() { MessageId = "poison" }, Token);
        for (var number = (Others / 2) + 1; number <= Others; number++)
            sends.Add(bus.SendAsync("work", number, cancellationToken: Token));

        var refused = await Assert.ThrowsAsync<PublishFailedException>(() => poison);
        output.WriteLine(refused.Message);
        Assert.Equal(PublishFailureReason.Refused, refused.Reason);
        Assert.Equal("poison", refused.MessageId);
        Assert.Contains("refused the message to exchange \"forbidden\" with routing key \"key\": 403 ACCESS_REFUSED", refused.Message, StringComparison.Ordinal);
        var ids = await Task.WhenAll(sends);
        Assert.Equal(Others, ids.Distinct().Count());

        var arrivals = new Arrivals<int>();
        await using var subscription = await owner.ReceiveAsync("work", (int number, CancellationToken _) => { arrivals.Add(number); return Task.CompletedTask; }, cancellationToken: Token);
        await Eventually.ThatAsync(() => arrivals.Items.Distinct().Count() == Others, "all others arrive", cancellationToken: Token);
        Assert.Equal(Enumerable.Range(1, Others), arrivals.Items.Distinct());
        output.WriteLine($"{arrivals.Items.Count - Others} doubles.");
    }

    [Fact]
    public async Task A_cut_while_the_message_that_closed_the_channel_is_sought_does_not_change_the_order()
    {
        const int Others = 400;
        var broker = await rabbit.ControlAsync(Token);
        var url = await rabbit.NewVirtualHostAsync(Token);
        var host = new Uri(url).AbsolutePath[1..];
        await broker.AddUserAsync($"writer-{host}", "secret", write: "^(?!forbidden)", virtualHost: host, cancellationToken: Token);
        await using var proxy = TcpProxy.Start(url);
        await using var owner = await ConnectAsync(url);
        await owner.DeclareAsync(new TopologyDefinition { Exchanges = [new ExchangeDefinition("forbidden")], Queues = [new QueueDefinition("work")] }, Token);
        await using var bus = await ConnectAsync(proxy.Rewrite(url).Replace("guest:guest", $"writer-{host}:secret", StringComparison.Ordinal));
        await Assert.ThrowsAsync<PublishFailedException>(() => bus.PublishAsync("forbidden", "key", -1, cancellationToken: Token));

        // Whether the others are in flight with the poison, and so are sent alone after it, is the broker's speed; so it is tried until
        // the cut has met them.
        var (sent, met) = (0, false);
        Task? cut = null;
        for (var round = 1; round <= 50 && !met; round++)
        {
            var poison = bus.PublishAsync("forbidden", "key", 0, cancellationToken: Token);
            var sends = Enumerable.Range(sent + 1, Others).Select(number => bus.SendAsync("work", number, cancellationToken: Token)).ToList();
            sent += Others;
            await Assert.ThrowsAsync<PublishFailedException>(() => poison);
            await sends[0];
            if (cut is null or { IsCompleted: true })
                cut = proxy.CutAfter(2_000, ProxyDirections.ToServer);
            await Task.WhenAny(cut, Task.WhenAll(sends)).WaitAsync(Patience, TimeProvider.System, Token);
            met = cut.IsCompletedSuccessfully && !sends[^1].IsCompleted;
            await Task.WhenAll(sends).WaitAsync(Patience, TimeProvider.System, Token);
        }
        Assert.True(met, "No cut met the messages that were sent alone.");

        var arrivals = new Arrivals<int>();
        await using var subscription = await owner.ReceiveAsync("work", (int number, CancellationToken _) => { arrivals.Add(number); return Task.CompletedTask; }, cancellationToken: Token);
        await Eventually.ThatAsync(() => arrivals.Items.Distinct().Count() == sent, "all others arrive", cancellationToken: Token);
        Assert.Equal(Enumerable.Range(1, sent), arrivals.Items.Distinct());
    }

    [Fact]
    public async Task An_exchange_that_was_deleted_is_declared_again_and_no_publish_fails()
    {
        const int Messages = 200;
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var bus = await ConnectAsync(url);
        await bus.PublishAsync("events", "a.b", 0, cancellationToken: Token);
        await using (var admin = await new ConnectionFactory { Uri = new Uri(url) }.CreateConnectionAsync(Token))
        {
            await using var channel = await admin.CreateChannelAsync(cancellationToken: Token);
            await channel.ExchangeDeleteAsync("events", cancellationToken: Token);
        }

        var ids = await Task.WhenAll(Enumerable.Range(1, Messages).Select(number => bus.PublishAsync("events", "a.b", number, cancellationToken: Token)));

        Assert.Equal(Messages, ids.Distinct().Count());
        // It is back as it was: a topic exchange that routes again.
        var arrived = new Signal();
        await using var subscription = await bus.SubscribeAsync("listener", "events", "a.*", (int _, CancellationToken _) => { arrived.Set(); return Task.CompletedTask; }, cancellationToken: Token);
        await bus.PublishAsync("events", "a.b", 1, new() { Mandatory = true }, Token);
        await arrived.WaitAsync(cancellationToken: Token);
    }

    private static Task<MessageBus> ConnectAsync(string url) => MessageBus.ConnectAsync(
        url,
        options =>
        {
            options.ReconnectMaxDelay = TimeSpan.FromMilliseconds(500);
            options.PublishTimeout = Patience;
        },
        cancellationToken: Token);
}
