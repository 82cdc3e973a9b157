using Microsoft.Extensions.Logging.Abstractions;
using Warren.Messaging.Connections;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>Connecting to a broker that is one of several, refuses, or is not there: the texts are the troubleshooting guide.</summary>
[Trait("Category", "Service")]
public class ConnectTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_several_hosts_one_that_is_alive_is_enough()
    {
        var url = new Uri(await rabbit.NewVirtualHostAsync(Token));
        var hosts = $"127.0.0.1:{await ClosedPort.GetAsync()},127.0.0.1:{await ClosedPort.GetAsync()},127.0.0.1:{url.Port}";

        // The order is random: ten times all begin with a dead one but for one in 60,000 runs, and each must do.
        for (var time = 1; time <= 10; time++)
        {
            await using var bus = await MessageBus.ConnectAsync(
                $"amqp://guest:guest@{hosts}{url.AbsolutePath}", options => options.ConnectAttempts = 1, cancellationToken: Token);
            Assert.Equal(BusStatus.Healthy, bus.Health.Status);
            Assert.NotNull(await bus.PublishAsync("amq.topic", "key", time, cancellationToken: Token));
        }
    }

    [Fact]
    public async Task A_bus_moves_to_another_host_when_its_own_goes()
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var first = TcpProxy.Start(url);
        await using var second = TcpProxy.Start(url);
        second.RefuseNew();
        await using var bus = await MessageBus.ConnectAsync(
            $"amqp://guest:guest@127.0.0.1:{first.Port},127.0.0.1:{second.Port}{new Uri(url).AbsolutePath}", cancellationToken: Token);
        var arrivals = new Arrivals<int>();
        await using var subscription = await bus.ReceiveAsync("work", (int number, CancellationToken _) => { arrivals.Add(number); return Task.CompletedTask; }, cancellationToken: Token);

        second.AcceptNew();
        first.RefuseNew();
        await first.CutAsync();
        await bus.SendAsync("work", 1, cancellationToken: Token);

        Assert.Equal([1], await arrivals.WaitForAsync(1, cancellationToken: Token));
        Assert.Equal(0, first.OpenConnections);
        Assert.Equal(2, second.OpenConnections);
    }

    [Fact]
    public async Task A_wrong_password_is_explained()
    {
        var url = new Uri(await rabbit.NewVirtualHostAsync(Token));

        var failed = await FailAsync($"amqp://guest:wrong-secret@127.0.0.1:{url.Port}/");

        Assert.Equal(
            $"Could not connect to 127.0.0.1:{url.Port}, virtual host \"/\", user guest in 1 attempt: "
            + "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile. "
            + "Check user and password in Warren:Messaging:Url (RABBITMQ_USER, RABBITMQ_PASSWORD).",
            failed.Message);
        Assert.DoesNotContain("wrong-secret", failed.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_virtual_host_is_explained()
    {
        var url = new Uri(await rabbit.NewVirtualHostAsync(Token));

        var failed = await FailAsync($"amqp://guest:guest@127.0.0.1:{url.Port}/nowhere");

        Assert.Equal(
            $"Could not connect to 127.0.0.1:{url.Port}, virtual host \"nowhere\", user guest in 1 attempt: "
            + "530 NOT_ALLOWED - vhost nowhere not found. "
            + "Check that the virtual host \"nowhere\" exists and that guest may use it (the path of Warren:Messaging:Url, RABBITMQ_VHOST).",
            failed.Message);
    }

    [Fact]
    public async Task A_virtual_host_without_permission_is_explained()
    {
        var broker = await rabbit.ControlAsync(Token);
        var url = new Uri(await rabbit.NewVirtualHostAsync(Token));
        await broker.AddUserAsync("stranger", "secret", cancellationToken: Token);

        var failed = await FailAsync($"amqp://stranger:secret@127.0.0.1:{url.Port}{url.AbsolutePath}");

        var host = url.AbsolutePath[1..];
        Assert.Equal(
            $"Could not connect to 127.0.0.1:{url.Port}, virtual host \"{host}\", user stranger in 1 attempt: "
            + $"530 NOT_ALLOWED - access to vhost '{host}' refused for user 'stranger'. "
            + $"Check that the virtual host \"{host}\" exists and that stranger may use it (the path of Warren:Messaging:Url, RABBITMQ_VHOST).",
            failed.Message);
    }

    [Fact]
    public async Task A_host_that_nobody_knows_is_explained()
    {
        var failed = await FailAsync("amqp://rabbit.invalid/");

        Assert.StartsWith("Could not connect to rabbit.invalid:5672, virtual host \"/\", user guest in 1 attempt: ", failed.Message, StringComparison.Ordinal);
        Assert.EndsWith("The host is not known: check it in Warren:Messaging:Url (RABBITMQ_HOST).", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_is_given_up_in_the_time_of_an_attempt()
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var proxy = TcpProxy.Start(url);
        proxy.Stall();
        var time = new ManualTimeProvider();
        var options = new MessagingOptions { ConnectTimeout = TimeSpan.FromMinutes(10) };
        await using var connection = new BrokerConnection(options, BrokerAddress.Parse(proxy.Rewrite(url)), "test", time, NullLogger.Instance);
        var connecting = connection.ConnectAsync(attempts: 1, Token);
        await proxy.Accepted.WaitForAsync(1, cancellationToken: Token);
        await time.WaitForTimersAsync(cancellationToken: Token);

        time.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1));
        Assert.False(connecting.IsCompleted);
        time.Advance(TimeSpan.FromTicks(1));

        var failed = await Assert.ThrowsAsync<ConnectionFailedException>(() => connecting);
        Assert.Equal(
            $"Could not connect to 127.0.0.1:{proxy.Port}, virtual host \"{new Uri(url).AbsolutePath[1..]}\", user guest in 1 attempt: no answer within 600 s. "
            + "Check Warren:Messaging:Url (RABBITMQ_HOST, RABBITMQ_PORT), and amqps:// against amqp://, the ports 5671 and 5672.",
            failed.Message);
    }

    private static Task<ConnectionFailedException> FailAsync(string url) => Assert.ThrowsAsync<ConnectionFailedException>(() => MessageBus.ConnectAsync(
        url,
        options =>
        {
            options.ConnectAttempts = 1;
            options.ConnectTimeout = TimeSpan.FromSeconds(20);
        },
        cancellationToken: Token));
}
