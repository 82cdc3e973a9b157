using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>The broker is short of memory and blocks those who publish.</summary>
[Trait("Category", "Service")]
public class MemoryAlarmTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_that_the_broker_does_not_read_end_at_their_timeout()
    {
        await using var broker = await RabbitMqFixture.StartBrokerAsync(cancellationToken: Token);
        await using var bus = await MessageBus.ConnectAsync(broker.Url, cancellationToken: Token);
        await using var responder = await bus.RespondAsync(
            "length", (byte[] bytes, CancellationToken _) => Task.FromResult(bytes.Length), cancellationToken: Token);
        Assert.Equal(1, await bus.RequestAsync<byte[], int>("length", new byte[1], cancellationToken: Token));
        await broker.SetMemoryAlarmAsync(true, Token);

        // More than the sockets' buffers take, so that most requests do not even leave.
        var calls = Enumerable.Range(0, 400).Select(_ => bus.RequestAsync<byte[], int>("length", new byte[100_000], TimeSpan.FromSeconds(2), Token)).ToArray();
        await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token).ContinueWith(static _ => { }, TaskScheduler.Default);

        Assert.All(calls, call => Assert.Equal(
            RequestFailureReason.TimedOut, Assert.IsType<RequestFailedException>(call.Exception?.InnerException).Reason));
        await broker.SetMemoryAlarmAsync(false, Token);
        await Eventually.PassesAsync(
            async () => Assert.Equal(3, await bus.RequestAsync<byte[], int>("length", new byte[3], TimeSpan.FromSeconds(5), Token)),
            "requests are answered again", cancellationToken: Token);
    }

    [Fact]
    public async Task While_the_broker_blocks_publishers_they_wait_and_consumers_work_on()
    {
        const int Stock = 2_000;
        await using var broker = await RabbitMqFixture.StartBrokerAsync(cancellationToken: Token);
        await using var bus = await MessageBus.ConnectAsync(broker.Url, cancellationToken: Token);
        await using var caller = await MessageBus.ConnectAsync(broker.Url, cancellationToken: Token);
        await bus.Queues.DeclareAsync(new QueueDefinition("published"), Token);
        await bus.Queues.DeclareAsync(new QueueDefinition("stock") { Type = QueueType.Classic }, Token);
        await bus.SendBatchAsync("stock", Enumerable.Range(1, Stock), cancellationToken: Token);
        var (open, first) = (new Signal(), new Signal());
        var handled = new Arrivals<int>();
        await using var consumer = await bus.ReceiveAsync(
            "stock",
            async (int number, CancellationToken cancellationToken) =>
            {
                first.Set();
                await open.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
                handled.Add(number);
            },
            cancellationToken: Token);
        var asked = new Signal();
        await using var responder = await bus.RespondAsync(
            "double",
            async (int number, CancellationToken cancellationToken) =>
            {
                asked.Set();
                await open.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
                return 2 * number;
            },
            cancellationToken: Token);
        var reply = caller.RequestAsync<int, int>("double", 21, TimeSpan.FromMinutes(1), Token);
        await asked.WaitAsync(cancellationToken: Token);
        await first.WaitAsync(cancellationToken: Token);

        await broker.SetMemoryAlarmAsync(true, Token);
        // The broker tells a connection only when it publishes.
        var patient = bus.SendAsync("published", 1, new() { Timeout = TimeSpan.FromMinutes(1) }, Token);
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Degraded, "the bus is told", cancellationToken: Token);
        Assert.Equal("The broker blocks publishers: low on memory.", bus.Health.Description);
        var blocked = await Assert.ThrowsAsync<PublishFailedException>(
            () => bus.SendAsync("published", 2, new() { Timeout = TimeSpan.FromMilliseconds(200) }, Token));
        output.WriteLine(blocked.Message);
        Assert.Equal(PublishFailureReason.Blocked, blocked.Reason);
        Assert.Equal(
            $"127.0.0.1:{broker.Port}, virtual host \"/\", user guest blocks publishers (low on memory), so the message to queue \"published\" could not be confirmed in time. "
            + "It was not sent. Free memory or disk there.",
            blocked.Message);
        var patientToo = Enumerable.Range(3, 100).Select(number => bus.SendAsync("published", number, new() { Timeout = TimeSpan.FromMinutes(1) }, Token)).ToList();

        open.Set();
        Assert.Equal(Enumerable.Range(1, Stock), await handled.WaitForAsync(Stock, cancellationToken: Token));
        // The acknowledgements reach the broker, too.
        await Eventually.GetAsync(
            async () => (await broker.ListQueuesAsync(cancellationToken: Token)).Single(queue => queue.Name == "stock"),
            stock => stock is { Ready: 0, Unacknowledged: 0 }, "all is acknowledged", cancellationToken: Token);
        Assert.False(patient.IsCompleted);
        Assert.All(patientToo, publish => Assert.False(publish.IsCompleted));
        Assert.False(reply.IsCompleted);

        await broker.SetMemoryAlarmAsync(false, Token);
        await patient.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);
        await Task.WhenAll(patientToo).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);
        Assert.Equal(42, await reply.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token));
        Assert.Equal(101, (await bus.Queues.InfoAsync("published", Token)).MessageCount);
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Healthy, "each connection is told", cancellationToken: Token);
    }

    [Fact]
    public async Task A_consumer_whose_channel_dies_while_publishers_are_blocked_comes_back_during_the_alarm()
    {
        await using var broker = await RabbitMqFixture.StartBrokerAsync(cancellationToken: Token);
        await using var bus = await MessageBus.ConnectAsync(broker.Url, options => options.ConnectTimeout = TimeSpan.FromMinutes(1), cancellationToken: Token);
        var handled = new Arrivals<int>();
        var (started, open) = (new Signal(), new Signal());
        await using var consumer = await bus.ReceiveAsync(
            "stock",
            async (int number, CancellationToken cancellationToken) =>
            {
                started.Set();
                await open.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
                handled.Add(number);
            },
            cancellationToken: Token);
        await bus.SendBatchAsync("stock", Enumerable.Range(1, 10), cancellationToken: Token);
        await started.WaitAsync(cancellationToken: Token);

        await broker.SetMemoryAlarmAsync(true, Token);
        var patient = bus.SendAsync("stock", 11, new() { Timeout = TimeSpan.FromMinutes(1) }, Token);
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Degraded, "the bus is told", cancellationToken: Token);
        Assert.Equal(1, await broker.CloseChannelsAsync("/", consumingOnly: true, Token));
        open.Set();

        // The first was handled in the old life and comes again.
        await Eventually.ThatAsync(() => handled.Items.Distinct().Count() == 10, "what was sent before is handled", TimeSpan.FromSeconds(10), Token);
        // It may be served before it knows.
        await Eventually.ThatAsync(() => consumer.Health.Consuming, "it consumes", cancellationToken: Token);
        Assert.False(patient.IsCompleted);
        await broker.SetMemoryAlarmAsync(false, Token);
        await patient.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);
    }
}
