using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RabbitMQ.Client;
using Warren.Messaging.Content;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Tests.Hosting;

public sealed class HostedMessagingTests : IAsyncDisposable
{
    private const string Broker = "Warren:Messaging:Url=amqp://broker";
    private readonly RecordingBus _bus = new();

    [Fact]
    public async Task A_registered_subscription_starts_with_the_host_and_stops_with_it()
    {
        using var host = HostSample.Build(
            services =>
            {
                services.AddWarrenMessaging()
                    .Subscribe<UserCreated, WelcomeNewUser>(queue: "matching.user_events", exchange: "user.events", bindingKey: "user.created");
                services.AddSingleton<IMessageBus>(_bus);
                services.AddScoped<Db>();
            },
            settings: Broker);
        var consuming = Seen("consuming matching.user_events <- user.events user.created");

        await host.StartAsync(TestContext.Current.CancellationToken);
        await consuming;
        await host.StopAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["consuming matching.user_events <- user.events user.created", "stopped matching.user_events"], _bus.Events);
    }

    [Fact]
    public async Task A_handler_class_lives_in_a_scope_per_message()
    {
        using var host = HostSample.Build(
            services =>
            {
                services.AddWarrenMessaging().Receive<UserCreated, WelcomeNewUser>("users");
                services.AddSingleton<IMessageBus>(_bus);
                services.AddSingleton<Welcomed>();
                services.AddScoped<Db>();
            },
            settings: Broker);
        var handle = await StartAndTakeHandler<Func<UserCreated, MessageContext, CancellationToken, Task>>(host, "users");

        await handle(new UserCreated(1), Context(), CancellationToken.None);
        await handle(new UserCreated(2), Context(), CancellationToken.None);

        var welcomed = host.Services.GetRequiredService<Welcomed>();
        Assert.Equal([1, 2], welcomed.Users.Select(seen => seen.User.Id));
        Assert.NotSame(welcomed.Users[0].Db, welcomed.Users[1].Db);
        Assert.All(welcomed.Users, seen => Assert.True(seen.Db.Disposed));
    }

    [Fact]
    public async Task A_scope_ends_when_its_handler_fails()
    {
        Db? seen = null;
        using var host = HostSample.Build(
            services =>
            {
                services.AddWarrenMessaging().Receive<UserCreated>("users", (_, _, scope, _) =>
                {
                    seen = scope.GetRequiredService<Db>();
                    throw new InvalidOperationException("no");
                });
                services.AddSingleton<IMessageBus>(_bus);
                services.AddSingleton<Welcomed>();
                services.AddScoped<Db>();
            },
            settings: Broker);
        var handle = await StartAndTakeHandler<Func<UserCreated, MessageContext, CancellationToken, Task>>(host, "users");

        await Assert.ThrowsAsync<InvalidOperationException>(() => handle(new UserCreated(1), Context(), CancellationToken.None));
        Assert.True(seen!.Disposed);
    }

    [Fact]
    public async Task Every_form_of_handler_reaches_its_queue()
    {
        var calls = new List<string>();
        using var host = HostSample.Build(
            services =>
            {
                services.AddWarrenMessaging()
                    .Subscribe("s2", "e", "k", (UserCreated user, CancellationToken _) => Call($"s2 {user.Id}"))
                    .Subscribe("s3", "e", "k", (UserCreated user, MessageContext context, CancellationToken _) => Call($"s3 {user.Id} {context.Queue}"))
                    .Subscribe("s4", "e", "k", (UserCreated user, MessageContext _, IServiceProvider scope, CancellationToken _) => Call($"s4 {user.Id} {scope.GetRequiredService<Db>().Disposed}"))
                    .Receive("r2", (UserCreated user, CancellationToken _) => Call($"r2 {user.Id}"))
                    .Receive("r3", (UserCreated user, MessageContext context, CancellationToken _) => Call($"r3 {user.Id} {context.Queue}"))
                    .Receive("r4", (UserCreated user, MessageContext _, IServiceProvider scope, CancellationToken _) => Call($"r4 {user.Id} {scope.GetRequiredService<Db>().Disposed}"))
                    .Respond("q2", (UserCreated user, CancellationToken _) => Task.FromResult($"q2 {user.Id}"))
                    .Respond("q3", (UserCreated user, MessageContext context, CancellationToken _) => Task.FromResult($"q3 {user.Id} {context.Queue}"))
                    .Respond("q4", (UserCreated user, MessageContext _, IServiceProvider scope, CancellationToken _) => Task.FromResult($"q4 {user.Id} {scope.GetRequiredService<Db>().Disposed}"))
                    .Respond<UserCreated, string, NameUser>("q");
                services.AddSingleton<IMessageBus>(_bus);
                services.AddSingleton<Welcomed>();
                services.AddScoped<Db>();
            },
            settings: Broker);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await HostSample.Until(() => _bus.Handlers.Count == 10);

        foreach (var queue in new[] { "s2", "s3", "s4", "r2", "r3", "r4" })
            await ((Func<UserCreated, MessageContext, CancellationToken, Task>)_bus.Handlers[queue])(new UserCreated(7), Context(queue), CancellationToken.None);
        foreach (var queue in new[] { "q2", "q3", "q4", "q" })
            calls.Add(await ((Func<UserCreated, MessageContext, CancellationToken, Task<string>>)_bus.Handlers[queue])(new UserCreated(7), Context(queue), CancellationToken.None));

        Assert.Equal(["s2 7", "s3 7 s3", "s4 7 False", "r2 7", "r3 7 r3", "r4 7 False", "q2 7", "q3 7 q3", "q4 7 False", "user 7"], calls);

        Task Call(string text)
        {
            calls.Add(text);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_broker_that_is_away_does_not_hold_up_the_start_or_the_stop()
    {
        _bus.Broker = (_, token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
        using var host = HostSample.Build(Consumers, settings: Broker);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);
        Assert.Empty(_bus.Events);
    }

    [Fact]
    public async Task A_permanent_error_is_logged_and_tried_again_until_it_is_repaired()
    {
        var refused = 0;
        _bus.Broker = (queue, _) => queue == "a" && ++refused <= 7
            ? throw new QueueOperationException("queue a exists as classic; asked for quorum", QueueFailureReason.PreconditionFailed)
            : Task.CompletedTask;
        using var log = new CollectedLog();
        var time = new ImpatientTimeProvider();
        using var host = HostSample.Build(Consumers, log, time, Broker);
        var consuming = Seen("consuming a");

        await host.StartAsync(TestContext.Current.CancellationToken);
        await consuming;

        Assert.Equal(7, log.Lines.Count(line => line.StartsWith("Error: Cannot start the consumer of a; trying again in ", StringComparison.Ordinal)));
        Assert.Equal([1, 2, 4, 8, 16, 30, 30], time.Waits.Select(wait => wait.TotalSeconds));
        await Seen("consuming b");
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_broker_that_is_away_is_waited_for_without_an_error()
    {
        var tries = 0;
        _bus.Broker = (queue, _) => queue == "a" && ++tries <= 3 ? throw new ConnectionFailedException("no answer") : Task.CompletedTask;
        using var log = new CollectedLog();
        using var host = HostSample.Build(Consumers, log, new ImpatientTimeProvider(), Broker);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await Seen("consuming a");
        Assert.DoesNotContain(log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Warning", StringComparison.Ordinal));
        Assert.Equal(4, tries);
    }

    [Fact]
    public async Task Consumers_wait_for_what_is_declared_before_them()
    {
        var refused = 0;
        _bus.Broker = (what, _) => what == "declare" && ++refused <= 2
            ? throw new QueueOperationException("refused", QueueFailureReason.AccessRefused)
            : Task.CompletedTask;
        using var host = HostSample.Build(
            services =>
            {
                Consumers(services);
                services.AddWarrenMessaging().Declare(new TopologyDefinition { Queues = [new QueueDefinition("q")] });
            },
            time: new ImpatientTimeProvider(),
            settings: Broker);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await HostSample.Until(() => _bus.Events.Count == 3);
        Assert.Equal("declared q", _bus.Events[0]);
        Assert.Equal(["consuming a", "consuming b"], _bus.Events.Skip(1).Order());
    }

    [Fact]
    public async Task Consumers_stop_before_the_other_services_of_the_host()
    {
        using var host = HostSample.Build(
            services =>
            {
                services.AddSingleton<IHostedService>(_ => new OtherService(() => _bus.Note("first service stopped")));
                Consumers(services);
                services.AddSingleton<IHostedService>(_ => new OtherService(() => _bus.Note("last service stopped")));
            },
            settings: Broker);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await HostSample.Until(() => _bus.Handlers.Count == 2);
        await host.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["stopped a", "stopped b"], _bus.Events.Skip(2).Take(2).Order());
        Assert.Equal(["last service stopped", "first service stopped"], _bus.Events.Skip(4));
    }

    [Fact]
    public async Task A_consumer_that_does_not_stop_ends_with_the_hosts_shutdown_time()
    {
        _bus.Stop = _ => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
        using var log = new CollectedLog();
        using var host = HostSample.Build(Consumers, log, settings: Broker);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await HostSample.Until(() => _bus.Handlers.Count == 2);

        try
        {
            await host.StopAsync(new CancellationToken(canceled: true));
        }
        catch (OperationCanceledException)
        {
            // The host says so too; what matters is that it ends.
        }

        Assert.Contains("Warning: The host's shutdown time is over before the consumers had stopped", log.Lines);
    }

    [Fact]
    public async Task A_consumer_whose_stop_fails_does_not_fail_the_stop_of_the_host()
    {
        _bus.Stop = queue => queue == "a" ? throw new MessagingException("gone") : Task.CompletedTask;
        using var log = new CollectedLog();
        using var host = HostSample.Build(Consumers, log, settings: Broker);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await HostSample.Until(() => _bus.Handlers.Count == 2);
        await host.StopAsync(TestContext.Current.CancellationToken);
        Assert.Contains("Error: Stopping the consumers failed", log.Lines);
        Assert.Contains("stopped b", _bus.Events);
    }

    public ValueTask DisposeAsync() => _bus.DisposeAsync();

    private static MessageContext Context(string queue = "users") =>
        new(queue, "", queue, 1, redelivered: false, new BasicProperties(), new PooledBuffer());

    private void Consumers(IServiceCollection services)
    {
        services.AddWarrenMessaging()
            .Receive("a", (UserCreated _, CancellationToken _) => Task.CompletedTask)
            .Receive("b", (UserCreated _, CancellationToken _) => Task.CompletedTask);
        services.AddSingleton<IMessageBus>(_bus);
    }

    private Task Seen(string text) => HostSample.Until(() => _bus.Events.Contains(text));

    private async Task<THandler> StartAndTakeHandler<THandler>(IHost host, string queue)
        where THandler : Delegate
    {
        await host.StartAsync(TestContext.Current.CancellationToken);
        await HostSample.Until(() => _bus.Handlers.ContainsKey(queue));
        return (THandler)_bus.Handlers[queue];
    }

    public sealed record UserCreated(int Id);

    public sealed class Welcomed
    {
        public List<(UserCreated User, Db Db)> Users { get; } = [];
    }

    public sealed class Db(Welcomed welcomed) : IDisposable
    {
        public bool Disposed { get; private set; }

        public Task WelcomeAsync(UserCreated user)
        {
            welcomed.Users.Add((user, this));
            return Task.CompletedTask;
        }

        public void Dispose() => Disposed = true;
    }

    public sealed class WelcomeNewUser(Db db) : IMessageHandler<UserCreated>
    {
        public Task HandleAsync(UserCreated message, MessageContext context, CancellationToken cancellationToken) => db.WelcomeAsync(message);
    }

    public sealed class NameUser : IRequestHandler<UserCreated, string>
    {
        public Task<string> HandleAsync(UserCreated request, MessageContext context, CancellationToken cancellationToken) => Task.FromResult($"user {request.Id}");
    }

    private sealed class OtherService(Action stopped) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            stopped();
            return Task.CompletedTask;
        }
    }
}
