using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>The network between bus and broker cuts, stalls and corrupts.</summary>
[Trait("Category", "Service")]
public class ConnectionLossTests(RabbitMqFixture rabbit, ITestOutputHelper output)
{
    private const int Callers = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connections_that_are_cut_at_random_moments_lose_no_confirmed_message()
    {
        const int Each = 5_000;
        const int Cuts = 8;
        var seed = Random.Shared.Next();
        output.WriteLine($"Seed {seed}");
        var random = new Random(seed);
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await ConnectAsync(proxy.Rewrite(url));
        var load = new Load("load");
        await using var subscription = await load.ReceiveAsync(bus, "one", new ReceiveOptions { Concurrency = 4 });

        var sending = load.PublishAsync(bus, Callers, Each, padding: 50);
        for (var cut = 1; cut <= Cuts; cut++)
        {
            await load.Confirms.WaitForAsync(((cut - 1) * Callers * Each / Cuts) + random.Next(1, Callers * Each / Cuts), Patience, Token);
            var connections = proxy.Accepted.Value;
            // Every other cut falls into the middle of a frame, for it is counted in bytes.
            if (cut % 2 == 0)
                await proxy.CutAsync();
            else
                await Task.WhenAny(sending, proxy.CutAfter(random.Next(1, 20_000), cut % 4 == 1 ? ProxyDirections.ToServer : ProxyDirections.ToClient));
            // A burst of confirms may have ended it early.
            if (sending.IsCompleted)
                break;
            await proxy.Accepted.WaitForAsync(connections + 1, cancellationToken: Token);
        }

        await sending.WaitAsync(Patience, TimeProvider.System, Token);
        Assert.Empty(load.Failures);
        Assert.InRange(proxy.Accepted.Value, 4, long.MaxValue);
        await load.Arrived.WaitForAsync(Callers * Each, Patience, Token);
        var doubles = load.AssertNothingLost(Callers, Each);
        output.WriteLine($"{proxy.Accepted.Value} connections, {doubles} doubles of {Callers * Each} messages.");
    }

    [Fact]
    public async Task A_half_open_connection_is_found_by_its_heartbeat_and_publishes_go_on_over_a_new_one()
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await ConnectAsync(proxy.Rewrite(url));
        await bus.Queues.DeclareAsync(new QueueDefinition("work"), Token);
        var address = $"127.0.0.1:{proxy.Port}, virtual host \"{new Uri(url).AbsolutePath[1..]}\", user guest";
        // The publishing channel is open.
        await bus.PublishAsync("amq.topic", "key", 0, cancellationToken: Token);

        proxy.Stall();
        var patient = bus.SendAsync("work", 1, cancellationToken: Token);
        var early = await Assert.ThrowsAsync<PublishFailedException>(() => bus.SendAsync("work", 2, new() { Timeout = TimeSpan.FromMilliseconds(200) }, Token));
        Assert.Equal(PublishFailureReason.TimedOut, early.Reason);
        Assert.NotNull(early.MessageId);
        output.WriteLine(early.Message);
        Assert.Equal(
            $"{address} did not confirm the message to queue \"work\" in time (Warren:Messaging:PublishTimeout, or the timeout of the call). It was sent; the broker may have it.",
            early.Message);

        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Unhealthy, "the heartbeat finds it", cancellationToken: Token);
        output.WriteLine(bus.Health.Description);
        // Each of the bus's connections finds it in its own time; until this one does, it sends.
        await Eventually.GetAsync(
            () => Assert.ThrowsAsync<PublishFailedException>(() => bus.SendAsync("work", 2, new() { Timeout = TimeSpan.FromMilliseconds(200) }, Token)),
            error => error.Reason == PublishFailureReason.NotConnected && error.Message.Contains("Last error", StringComparison.Ordinal),
            "nothing is sent any more", cancellationToken: Token);
        var late = await Assert.ThrowsAsync<PublishFailedException>(() => bus.SendAsync("work", 3, new() { Timeout = TimeSpan.FromMilliseconds(200) }, Token));
        Assert.Equal(PublishFailureReason.NotConnected, late.Reason);
        output.WriteLine(late.Message);
        Assert.StartsWith(
            $"There is no connection to {address}, so the message to queue \"work\" could not be confirmed in time. It was not sent. Last error: ",
            late.Message, StringComparison.Ordinal);
        Assert.False(patient.IsCompleted);
        // The new connection is tried at once, next to the goodbye to the old one, and stalls too.
        await proxy.Accepted.WaitForAsync(4, TimeSpan.FromSeconds(4), Token);
        await Eventually.ThatAsync(
            () => bus.Health.Description == "Not connected: no answer within 2 s.", "an attempt that is not answered says so", cancellationToken: Token);

        // What hangs in the old sockets must not come out of them.
        await proxy.CutAsync();
        proxy.Resume();
        Assert.NotNull(await patient.WaitAsync(Patience, TimeProvider.System, Token));
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Healthy, "the bus is healthy again", cancellationToken: Token);
        // The first and the second message may have been doubled by the resend; the third was never sent.
        var arrivals = new Arrivals<int>();
        await using var subscription = await bus.ReceiveAsync("work", (int n, CancellationToken _) => { arrivals.Add(n); return Task.CompletedTask; }, cancellationToken: Token);
        Assert.Contains(1, await arrivals.WaitForAsync(1, cancellationToken: Token));
        await bus.SendAsync("work", 4, cancellationToken: Token);
        await Eventually.ThatAsync(() => arrivals.Items.Contains(4), "the last message arrives", cancellationToken: Token);
        Assert.DoesNotContain(3, arrivals.Items);
    }

    [Fact]
    public async Task A_connection_that_ends_in_the_middle_of_a_frame_is_replaced_at_once()
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var proxy = TcpProxy.Start(url);
        // Missed heartbeats would show it too, after three minutes.
        await using var bus = await MessageBus.ConnectAsync(proxy.Rewrite(url), options => options.Heartbeat = TimeSpan.FromMinutes(1), cancellationToken: Token);
        await bus.Queues.DeclareAsync(new QueueDefinition("work"), Token);
        var arrivals = new Arrivals<int>();
        await using var subscription = await bus.ReceiveAsync("work", (int n, CancellationToken _) => { arrivals.Add(n); return Task.CompletedTask; }, cancellationToken: Token);
        var connections = proxy.Accepted.Value;

        var finished = proxy.FinishAfter(5, ProxyDirections.ToClient);
        await Task.WhenAll(bus.SendAsync("work", 1, cancellationToken: Token), finished);

        await proxy.Accepted.WaitForAsync(connections + 1, cancellationToken: Token);
        Assert.Contains(1, await arrivals.WaitForAsync(1, cancellationToken: Token));
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Healthy, "the bus is healthy again", cancellationToken: Token);
    }

    [Theory]
    [InlineData(ProxyDirections.ToServer)]
    [InlineData(ProxyDirections.ToClient)]
    public async Task A_corrupted_connection_is_dropped_and_comes_back_without_loss(ProxyDirections direction)
    {
        const int Each = 1_000;
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await ConnectAsync(proxy.Rewrite(url));
        var load = new Load("load");
        await using var subscription = await load.ReceiveAsync(bus, "one");
        var connections = proxy.Accepted.Value;

        var sending = load.PublishAsync(bus, Callers, Each);
        await load.Confirms.WaitForAsync(Each, Patience, Token);
        // AMQP has no checksum, so only what breaks the framing is seen: here the octet that ends each frame (AMQP 0-9-1 §4.2.3).
        proxy.Corrupt((_, value) => value == 0xCE ? (byte)0xCF : value, direction);
        await proxy.Accepted.WaitForAsync(connections + 1, cancellationToken: Token);
        proxy.Corrupt(change: null, direction);

        await sending.WaitAsync(Patience, TimeProvider.System, Token);
        await load.Arrived.WaitForAsync(Callers * Each, Patience, Token);
        var doubles = load.AssertNothingLost(Callers, Each);
        output.WriteLine($"{proxy.Accepted.Value} connections, {doubles} doubles of {Callers * Each} messages.");
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Healthy, "the bus is healthy again", cancellationToken: Token);
    }

    [Theory]
    [InlineData(QueueType.Quorum)]
    [InlineData(QueueType.Classic)]
    public async Task Each_caller_s_order_outlives_reconnects(QueueType type)
    {
        const int Publishers = 16;
        const int Each = 500;
        var seed = Random.Shared.Next();
        output.WriteLine($"Seed {seed}");
        var random = new Random(seed);
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await ConnectAsync(proxy.Rewrite(url));
        await bus.Queues.DeclareAsync(new QueueDefinition("ordered") { Type = type }, Token);
        var load = new Load("ordered");

        // The first cut is planned before, so that it meets the load; the others may come when all has been sent.
        var cut = proxy.CutAfter(random.Next(50_000, 100_000), ProxyDirections.ToServer);
        var sending = load.PublishAsync(bus, Publishers, Each, inFlight: Each);
        await cut.WaitAsync(Patience, TimeProvider.System, Token);
        for (var part = 2; part <= 3 && !sending.IsCompleted; part++)
        {
            await load.Confirms.WaitForAsync(part * Publishers * Each / 5, Patience, Token);
            await Task.WhenAny(sending, proxy.CutAfter(random.Next(1, 10_000), ProxyDirections.ToServer)).WaitAsync(Patience, TimeProvider.System, Token);
        }

        await sending.WaitAsync(Patience, TimeProvider.System, Token);
        // Read after the fact and without the proxy: redeliveries would hide what the publisher did.
        await using var reader = await MessageBus.ConnectAsync(url, cancellationToken: Token);
        await using var subscription = await load.ReceiveAsync(reader, "one");
        await load.Arrived.WaitForAsync(Publishers * Each, Patience, Token);
        var doubles = load.AssertNothingLost(Publishers, Each);
        load.AssertInOrder("one");
        output.WriteLine($"{doubles} doubles of {Publishers * Each} messages.");
    }

    private static Task<MessageBus> ConnectAsync(string url) => MessageBus.ConnectAsync(
        url,
        options =>
        {
            options.Heartbeat = TimeSpan.FromSeconds(1);
            options.ConnectTimeout = TimeSpan.FromSeconds(2);
            options.ReconnectMaxDelay = TimeSpan.FromMilliseconds(500);
            options.PublishTimeout = Patience;
        },
        cancellationToken: Token);
}
