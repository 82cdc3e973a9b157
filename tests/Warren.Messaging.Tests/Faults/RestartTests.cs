using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Warren.Messaging.Connections;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>The broker goes and comes while nothing is sent, or is not there yet.</summary>
[Trait("Category", "Service")]
public class RestartTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Idle_consumers_come_back_after_a_restart_and_health_tells_both()
    {
        await using var broker = await RabbitMqFixture.StartProcessAsync(Token);
        await using var bus = await MessageBus.ConnectAsync(broker.Url, options => options.ReconnectMaxDelay = TimeSpan.FromSeconds(1), cancellationToken: Token);
        var work = new Arrivals<int>();
        var events = new Arrivals<int>();
        await using var worker = await bus.ReceiveAsync("work", (int number, CancellationToken _) => { work.Add(number); return Task.CompletedTask; }, cancellationToken: Token);
        await using var listener = await bus.SubscribeAsync("copies", "events", "#", (int number, CancellationToken _) => { events.Add(number); return Task.CompletedTask; }, cancellationToken: Token);
        await using var responder = await bus.RespondAsync("double", (int number, CancellationToken _) => Task.FromResult(2 * number), cancellationToken: Token);
        Assert.Equal(42, await bus.RequestAsync<int, int>("double", 21, cancellationToken: Token));
        Assert.Equal(BusStatus.Healthy, bus.Health.Status);

        await broker.StopAsync(Token);
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Unhealthy, "health tells that the broker is away", cancellationToken: Token);
        Assert.StartsWith("Not connected: ", bus.Health.Description, StringComparison.Ordinal);
        await Eventually.ThatAsync(() => bus.Health.Consumers.All(consumer => !consumer.Consuming), "no consumer is served", cancellationToken: Token);
        // The connection that requests sees it in its own time; until it does, it waits for a reply.
        await Eventually.GetAsync(
            () => Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<int, int>("double", 21, TimeSpan.FromMilliseconds(200), Token)),
            error => error.Reason == RequestFailureReason.ConnectionLost, "requests tell it", cancellationToken: Token);
        await broker.StartAgainAsync(Token);

        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Healthy, "health tells that all is well", TimeSpan.FromMinutes(1), Token);
        Assert.Equal(["copies", "double", "work"], bus.Health.Consumers.Select(consumer => consumer.Queue));
        await bus.SendAsync("work", 1, cancellationToken: Token);
        await bus.PublishAsync("events", "any", 2, cancellationToken: Token);
        Assert.Equal([1], await work.WaitForAsync(1, cancellationToken: Token));
        Assert.Equal([2], await events.WaitForAsync(1, cancellationToken: Token));
        Assert.Equal(42, await bus.RequestAsync<int, int>("double", 21, cancellationToken: Token));
    }

    [Fact]
    public async Task A_first_connection_gives_up_after_its_attempts_and_says_what_to_look_at()
    {
        var port = await ClosedPort.GetAsync();
        var began = Stopwatch.GetTimestamp();

        var failed = await Assert.ThrowsAsync<ConnectionFailedException>(
            () => MessageBus.ConnectAsync($"amqp://ada:secret@127.0.0.1:{port}/orders", options => options.ConnectAttempts = 2, cancellationToken: Token));

        // The rule is 2^n seconds after the n-th failure, from 0.
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(20));
        Assert.StartsWith($"Could not connect to 127.0.0.1:{port}, virtual host \"orders\", user ada in 2 attempts: ", failed.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            "Nothing listens there: check that RabbitMQ runs, and host and port in Warren:Messaging:Url (RABBITMQ_HOST, RABBITMQ_PORT).",
            failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failed.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bus_that_was_started_before_its_broker_works_when_the_broker_is_there()
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var proxy = TcpProxy.Start(url);
        proxy.RefuseNew();
        var options = new MessagingOptions { ReconnectMaxDelay = TimeSpan.FromMilliseconds(500) };
        await using var bus = new MessageBus(options, BrokerAddress.Parse(proxy.Rewrite(url)), NullLoggerFactory.Instance, TimeProvider.System);
        bus.Start();
        var arrivals = new Arrivals<int>();

        var subscribing = bus.SubscribeAsync("copies", "events", "#", (int number, CancellationToken _) => { arrivals.Add(number); return Task.CompletedTask; }, cancellationToken: Token);
        var publishing = bus.PublishAsync("other", "any", 1, cancellationToken: Token);
        using var impatient = new CancellationTokenSource();
        var cancelled = bus.ReceiveAsync("work", (int _, CancellationToken _) => Task.CompletedTask, cancellationToken: impatient.Token);
        await Eventually.ThatAsync(() => bus.Health.Description.StartsWith("Not connected: ", StringComparison.Ordinal), "it has tried", cancellationToken: Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(subscribing.IsCompleted);
        Assert.False(publishing.IsCompleted);
        proxy.AcceptNew();

        await using var subscription = await subscribing.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);
        Assert.NotNull(await publishing.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token));
        await bus.PublishAsync("events", "any", 2, cancellationToken: Token);
        Assert.Equal([2], await arrivals.WaitForAsync(1, cancellationToken: Token));
        Assert.Equal("copies", Assert.Single(bus.Health.Consumers).Queue);
    }

    [Fact]
    public async Task A_broker_that_ends_each_connection_at_once_is_called_with_growing_pauses()
    {
        var broker = await rabbit.ControlAsync(Token);
        var url = await rabbit.NewVirtualHostAsync(Token);
        var host = new Uri(url).AbsolutePath[1..];
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await MessageBus.ConnectAsync(proxy.Rewrite(url), cancellationToken: Token);
        await broker.DeleteVirtualHostAsync(host, Token);

        await Eventually.ThatAsync(
            () => bus.Health.Description == $"Not connected: 530 NOT_ALLOWED - vhost {host} not found.", "health tells what is wrong", cancellationToken: Token);
        var began = Stopwatch.GetTimestamp();
        var calls = proxy.Accepted.Value;
        await proxy.Accepted.WaitForAsync(calls + 8, TimeSpan.FromMinutes(1), Token);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromMilliseconds(400), TimeSpan.FromMinutes(1));

        await broker.AddVirtualHostAsync(host, Token);
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Healthy, "the bus is back with its virtual host", TimeSpan.FromMinutes(1), Token);
    }
}
