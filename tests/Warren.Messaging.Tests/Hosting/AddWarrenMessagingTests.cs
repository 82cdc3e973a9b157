using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Warren.Messaging.Tests.Hosting;

public class AddWarrenMessagingTests
{
    [Fact]
    public async Task Without_a_broker_the_application_does_not_start()
    {
        using var host = HostSample.Build(services => services.AddWarrenMessaging());
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));
        Assert.StartsWith("No broker is named.", Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_bad_setting_of_every_bus_is_told_at_start()
    {
        using var host = HostSample.Build(
            services =>
            {
                services.AddWarrenMessaging(o => o.PublishWindow = 0);
                services.AddKeyedWarrenMessaging("analytics", o => o.Url = "amqp://");
            },
            settings: ["RABBITMQ_URL=amqp://broker", "Warren:Messaging:Heartbeet=1"]);
        var error = await Assert.ThrowsAsync<AggregateException>(() => host.StartAsync(TestContext.Current.CancellationToken));
        Assert.Equal(
            [
                "Unknown setting Warren:Messaging:Heartbeet (memory Warren:Messaging:Heartbeet); did you mean Heartbeat?",
                "Warren:Messaging:PublishWindow is 0 (code); expected a whole number from 1 to 65536.",
                "Warren:Buses:analytics:Url (code) cannot be read. The broker URL has an empty host name; expected amqp://host/ or amqp://host1,host2/.",
            ],
            error.InnerExceptions.Cast<OptionsValidationException>().SelectMany(one => one.Failures));
    }

    [Fact]
    public void Without_a_host_a_bus_without_a_broker_cannot_be_had()
    {
        using var services = new ServiceCollection().AddWarrenMessaging().Services.BuildServiceProvider();
        Assert.Throws<OptionsValidationException>(services.GetRequiredService<IMessageBus>);
    }

    [Fact]
    public async Task Adding_it_twice_adds_to_one_bus()
    {
        var bus = new RecordingBus();
        using var host = HostSample.Build(services =>
        {
            services.AddWarrenMessaging(o => o.Url = "amqp://one/").Receive("a", (string _, CancellationToken _) => Task.CompletedTask);
            services.AddWarrenMessaging(o => o.PublishWindow = 5).Receive("b", (string _, CancellationToken _) => Task.CompletedTask);
            services.AddSingleton<IMessageBus>(bus);
        });

        await host.StartAsync(TestContext.Current.CancellationToken);
        await HostSample.Until(() => bus.Handlers.Count == 2);
        await host.StopAsync(TestContext.Current.CancellationToken);

        var options = host.Services.GetRequiredService<IOptions<MessagingOptions>>().Value;
        Assert.Equal(("amqp://one/", 5), (options.Url, options.PublishWindow));
        Assert.Single(host.Services.GetServices<IHostedService>());
        Assert.Equal(["consuming a", "consuming b", "stopped a", "stopped b"], bus.Events.Order());
    }

    [Fact]
    public void Code_wins_over_configuration_wherever_it_stands()
    {
        using var host = HostSample.Build(
            services =>
            {
                services.Configure<MessagingOptions>(o => o.PublishWindow = 5);
                services.AddWarrenMessaging();
            },
            settings: ["RABBITMQ_URL=amqp://broker", "Warren:Messaging:PublishWindow=9"]);
        Assert.Equal(5, host.Services.GetRequiredService<IOptions<MessagingOptions>>().Value.PublishWindow);
    }

    [Fact]
    public async Task Keyed_buses_stand_beside_the_one_without_a_key()
    {
        await using var services = new ServiceCollection()
            .AddWarrenMessaging(o => o.Url = "amqp://main:1/").Services
            .AddKeyedWarrenMessaging("analytics", o => o.Url = "amqp://analytics:1/").Services
            .AddKeyedWarrenMessaging("off", o => o.Enabled = false).Services
            .AddSingleton<NeedsAnalytics>()
            .BuildServiceProvider();

        Assert.StartsWith("main:1, ", services.GetRequiredService<IMessageBus>().Health.Broker, StringComparison.Ordinal);
        Assert.StartsWith("analytics:1, ", services.GetRequiredService<NeedsAnalytics>().Bus.Health.Broker, StringComparison.Ordinal);
        Assert.IsType<NoOpMessageBus>(services.GetRequiredKeyedService<IMessageBus>("off"));
        Assert.Same(services.GetRequiredService<IMessageBus>(), services.GetRequiredService<IMessageBus>());
    }

    [Fact]
    public async Task An_unreachable_broker_is_a_real_bus_that_is_unhealthy()
    {
        using var log = new CollectedLog();
        using var host = HostSample.Build(
            services =>
            {
                services.AddWarrenMessaging().Receive("a", (string _, CancellationToken _) => Task.CompletedTask);
                services.AddHealthChecks().AddWarrenMessaging();
            },
            log,
            settings: "RABBITMQ_URL=amqp://ada:s3cret@127.0.0.1:1/v");

        await host.StartAsync(TestContext.Current.CancellationToken);
        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);

        var entry = report.Entries["warren-messaging"];
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Equal("memory RABBITMQ_URL", entry.Data["chosenBy"]);
        Assert.Contains("Information: Messaging uses 127.0.0.1:1, virtual host \"v\", user ada, chosen by memory RABBITMQ_URL", log.Lines);
        Assert.DoesNotContain(log.Lines, line => line.Contains("s3cret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Messaging_that_is_switched_off_is_one_warning_and_healthy()
    {
        using var log = new CollectedLog();
        using var host = HostSample.Build(
            services =>
            {
                services.AddWarrenMessaging().Receive("a", (string _, CancellationToken _) => Task.CompletedTask);
                services.AddHealthChecks().AddWarrenMessaging();
            },
            log,
            settings: ["RABBITMQ_ENABLED=false", "RABBITMQ_URL=amqp://broker"]);

        await host.StartAsync(TestContext.Current.CancellationToken);
        var bus = host.Services.GetRequiredService<IMessageBus>();
        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);

        Assert.IsType<NoOpMessageBus>(bus);
        Assert.Equal(["Warning: Messaging is switched off by memory RABBITMQ_ENABLED: nothing is published and nothing consumed"], log.Lines);
        Assert.Equal(HealthStatus.Healthy, report.Status);
        Assert.Equal("messaging is switched off (memory RABBITMQ_ENABLED)", report.Entries["warren-messaging"].Description);
    }

    [Theory]
    [InlineData(BusStatus.Healthy, HealthStatus.Healthy)]
    [InlineData(BusStatus.Degraded, HealthStatus.Degraded)]
    [InlineData(BusStatus.Unhealthy, HealthStatus.Unhealthy)]
    public async Task The_health_of_a_keyed_bus_is_told(BusStatus status, HealthStatus expected)
    {
        var bus = new RecordingBus { Health = new BusHealth(status, "h:1", "So it is.", [new ConsumerHealth("a", true, null), new ConsumerHealth("b", false, "gone")]) };
        using var host = HostSample.Build(services =>
        {
            services.AddKeyedWarrenMessaging("k", o => o.Url = "amqp://h:1");
            services.AddKeyedSingleton<IMessageBus>("k", bus);
            services.AddHealthChecks().AddKeyedWarrenMessaging("k");
        });

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);

        var entry = report.Entries["warren-messaging-k"];
        Assert.Equal((expected, "So it is."), (entry.Status, entry.Description));
        Assert.Equal(["b: gone"], Assert.IsType<string[]>(entry.Data["notConsuming"]));
        Assert.Equal("h:1", entry.Data["broker"]);
    }

    [Fact]
    public async Task What_cannot_start_degrades_health_and_is_named()
    {
        var bus = new RecordingBus();
        bus.Broker = (_, _) => throw new QueueOperationException("it exists as classic.", QueueFailureReason.PreconditionFailed);
        using var log = new CollectedLog();
        var logged = new TaskCompletionSource();
        log.Line += line => logged.TrySetResult();
        using var host = HostSample.Build(
            services =>
            {
                services.AddWarrenMessaging(o => o.Url = "amqp://h").Receive("a", (string _, CancellationToken _) => Task.CompletedTask);
                services.AddSingleton<IMessageBus>(bus);
                services.AddHealthChecks().AddWarrenMessaging("broker", tags: ["ready"]);
            },
            log);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await logged.Task;

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Tags.Contains("ready"), TestContext.Current.CancellationToken);

        Assert.Equal(HealthStatus.Degraded, report.Entries["broker"].Status);
        Assert.Equal("Connected. Cannot start the consumer of a: it exists as classic.", report.Entries["broker"].Description);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    public sealed class NeedsAnalytics([FromKeyedServices("analytics")] IMessageBus bus)
    {
        public IMessageBus Bus => bus;
    }
}
