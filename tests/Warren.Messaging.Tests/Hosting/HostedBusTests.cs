using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Hosting;

/// <summary>An application with a hosted bus, on a real broker.</summary>
[Trait("Category", "Service")]
public class HostedBusTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_reaches_a_handler_class_of_the_application()
    {
        var arrivals = new Arrivals<UserCreated>();
        using var host = HostSample.Build(
            services =>
            {
                services.AddWarrenMessaging()
                    .Subscribe<UserCreated, WelcomeNewUser>(queue: "matching.user_events", exchange: "user.events", bindingKey: "user.created")
                    .Respond("user.profile.get", (int id, CancellationToken _) => Task.FromResult($"user {id}"));
                services.AddScoped<Db>();
                services.AddSingleton(arrivals);
                services.AddHealthChecks().AddWarrenMessaging();
            },
            settings: $"RABBITMQ_URL={await rabbit.NewVirtualHostAsync(Token)}");
        await host.StartAsync(Token);
        var bus = host.Services.GetRequiredService<IMessageBus>();
        await HostSample.Until(() => bus.Health is { Status: BusStatus.Healthy, Consumers.Count: 2 });

        await bus.PublishAsync("user.events", "user.created", new UserCreated(42, "ada"), cancellationToken: Token);

        Assert.Equal(new UserCreated(42, "ada"), Assert.Single(await arrivals.WaitForAsync(1, cancellationToken: Token)));
        Assert.Equal("user 7", await bus.RequestAsync<int, string>("user.profile.get", 7, cancellationToken: Token));
        Assert.Equal(HealthStatus.Healthy, (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token)).Status);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task Stopping_the_application_waits_for_its_running_handlers_and_closes_its_connections()
    {
        var broker = await rabbit.ControlAsync(Token);
        var url = await rabbit.NewVirtualHostAsync(Token);
        var handling = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        using var host = HostSample.Build(services => services.AddWarrenMessaging(o => o.Url = url).Receive("work", async (int _, CancellationToken _) =>
        {
            handling.TrySetResult();
            await release.Task;
        }));
        await host.StartAsync(Token);
        var bus = host.Services.GetRequiredService<IMessageBus>();
        await HostSample.Until(() => bus.Health is { Status: BusStatus.Healthy, Consumers.Count: 1 });
        await bus.SendAsync("work", 1, cancellationToken: Token);
        await handling.Task.WaitAsync(Token);

        var stopping = host.StopAsync(Token);
        Assert.False(stopping.IsCompleted);
        release.SetResult();
        await stopping;

        var virtualHost = new Uri(url).AbsolutePath[1..];
        await Eventually.GetAsync(() => broker.CountAsync(virtualHost, Token), counts => counts.Connections == 0, "the connections are gone", cancellationToken: Token);
        await Eventually.GetAsync(
            async () => (await broker.ListQueuesAsync(virtualHost, Token)).Single(queue => queue.Name == "work"),
            queue => queue is { Ready: 0, Unacknowledged: 0 }, "the message is acknowledged", cancellationToken: Token);
    }

    [Fact]
    public async Task An_application_starts_while_its_broker_is_down_and_consumes_once_it_is_up()
    {
        await using var broker = await RabbitMqFixture.StartProcessAsync(Token);
        await broker.StopAsync(Token);
        var arrivals = new Arrivals<string>();
        using var host = HostSample.Build(services =>
        {
            services.AddWarrenMessaging(o =>
            {
                o.Url = broker.Url;
                o.ReconnectMaxDelay = TimeSpan.FromMilliseconds(200);
                o.ConnectTimeout = TimeSpan.FromSeconds(5);
            })
                .Declare(new TopologyDefinition { Queues = [new QueueDefinition("work")] })
                .Receive("work", (string text, CancellationToken _) =>
                {
                    arrivals.Add(text);
                    return Task.CompletedTask;
                });
        });
        await host.StartAsync(Token);
        var bus = host.Services.GetRequiredService<IMessageBus>();
        Assert.Equal(BusStatus.Unhealthy, bus.Health.Status);

        await broker.StartAgainAsync(Token);
        await HostSample.Until(() => bus.Health is { Status: BusStatus.Healthy, Consumers.Count: 1 });
        await bus.SendAsync("work", "first", cancellationToken: Token);

        Assert.Equal(["first"], await arrivals.WaitForAsync(1, cancellationToken: Token));
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task A_queue_that_exists_differently_degrades_the_application_until_it_is_repaired()
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var other = await MessageBus.ConnectAsync(url, cancellationToken: Token);
        await other.DeclareAsync(new TopologyDefinition { Queues = [new QueueDefinition("work") { Type = QueueType.Classic }] }, Token);
        using var host = HostSample.Build(services =>
        {
            services.AddWarrenMessaging(o => o.Url = url)
                .Declare(new TopologyDefinition { Queues = [new QueueDefinition("work")] })
                .Receive("work", (string _, CancellationToken _) => Task.CompletedTask);
            services.AddHealthChecks().AddWarrenMessaging();
        });
        var health = host.Services.GetRequiredService<HealthCheckService>();

        await host.StartAsync(Token);
        var report = await Eventually.GetAsync(() => health.CheckHealthAsync(Token), report => report.Status == HealthStatus.Degraded, "health is degraded", cancellationToken: Token);
        Assert.Contains("Cannot start the topology: ", report.Entries["warren-messaging"].Description, StringComparison.Ordinal);

        await other.Queues.DeleteAsync("work", cancellationToken: Token);
        await Eventually.ThatAsync(
            async () => (await health.CheckHealthAsync(Token)).Status == HealthStatus.Healthy && host.Services.GetRequiredService<IMessageBus>().Health.Consumers.Count == 1,
            "health is well again and the consumer runs",
            cancellationToken: Token);
        await host.StopAsync(Token);
    }

    public sealed record UserCreated(int UserId, string Username);

    public sealed class Db(Arrivals<UserCreated> arrivals)
    {
        public Task WelcomeAsync(UserCreated user, CancellationToken cancellationToken)
        {
            arrivals.Add(user);
            return Task.CompletedTask.WaitAsync(cancellationToken);
        }
    }

    public sealed class WelcomeNewUser(Db db) : IMessageHandler<UserCreated>
    {
        public Task HandleAsync(UserCreated user, MessageContext context, CancellationToken cancellationToken) => db.WelcomeAsync(user, cancellationToken);
    }
}
