using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Warren.Broker;
using Warren.Coordinator.Hosting;
using Warren.Jobs;
using Warren.Jobs.Hosting;
using Warren.Jobs.Worker;
using Warren.Messaging;

namespace Warren.Server.Testing;

/// <summary>
/// A whole Warren for a test: an embedded broker on a free port, a coordinator, a worker with the handlers under test, nothing on disk.
/// Jobs take the way they take in production; only the time of day is the test's, which <see cref="Advance"/> moves.
/// </summary>
/// <remarks>It reads no settings and no environment variables, logs nowhere unless it is told to, and several may run at once.</remarks>
public sealed class WarrenTestHost : IAsyncDisposable
{
    // A debugger that stands at a breakpoint loses no lease.
    private static readonly TimeSpan LongLease = TimeSpan.FromMinutes(5);

    private readonly EmbeddedBroker _broker;
    private readonly IHost _host;
    private readonly TestClock _clock;
    private int _disposed;

    private WarrenTestHost(EmbeddedBroker broker, IHost host, TestClock clock)
    {
        _broker = broker;
        _host = host;
        _clock = clock;
        Jobs = host.Services.GetRequiredService<IJobClient>();
        Bus = host.Services.GetRequiredService<IMessageBus>();
    }

    /// <summary>Submits jobs, watches and cancels them.</summary>
    public IJobClient Jobs { get; }

    /// <summary>The bus of the host, for what comes and goes by message.</summary>
    public IMessageBus Bus { get; }

    /// <summary>The broker: its <see cref="EmbeddedBroker.Url"/> for other clients, its <see cref="EmbeddedBroker.Faults"/> for bad days.</summary>
    public EmbeddedBroker Broker => _broker;

    /// <summary>The services of the host, the handlers' dependencies among them.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>The host's clock, which handlers are given too. Its time of day is the machine's, and as much later as it was advanced.</summary>
    public TimeProvider Time => _clock;

    /// <summary>Starts one; it returns when jobs of all its kinds are taken.</summary>
    /// <param name="worker">Says which kinds of job there are, and what does them.</param>
    /// <param name="configureServices">Adds what the handlers depend on, or logging; it comes last, so what it replaces is replaced.</param>
    /// <param name="coordinator">Adds contracts, or changes settings such as retention.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AggregateException">A dependency of a handler is missing.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">A setting is wrong.</exception>
    public static async Task<WarrenTestHost> StartAsync(
        Action<WorkerBuilder> worker,
        Action<IServiceCollection>? configureServices = null,
        Action<CoordinatorBuilder>? coordinator = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(worker);
        var broker = await EmbeddedBroker.StartAsync(cancellationToken: cancellationToken);
        IHost? host = null;
        try
        {
            var clock = new TestClock();
            host = Build(broker, clock, worker, configureServices, coordinator);
            await host.StartAsync(cancellationToken);
            await host.Services.GetRequiredService<JobCoordinator>().Ready.WaitAsync(cancellationToken);
            // Its first message describes the kinds, and none is taken before.
            await host.Services.GetRequiredService<JobWorker>().WaitForAnswersAsync(cancellationToken);
            return new(broker, host, clock);
        }
        catch
        {
            host?.Dispose();
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Moves the time of day on, as if so much time had passed between two moments: jobs that were scheduled or wait for their next attempt
    /// come due, deadlines pass, and ended jobs are pruned when their retention is over. Wait for what it leads to, as in
    /// <see cref="JobHandle{TResult}.ResultAsync"/>.
    /// </summary>
    /// <remarks>Durations are not touched: a running job keeps its lease, and the time an attempt may take does not run out.</remarks>
    /// <param name="time">How far; not back.</param>
    public void Advance(TimeSpan time) => _clock.Advance(time);

    /// <summary>Stops it: handlers that still run are asked to stop at once. A second call does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        try
        {
            await _host.StopAsync();
        }
        finally
        {
            await ((IAsyncDisposable)_host).DisposeAsync();
            await _broker.DisposeAsync();
        }
    }

    private static IHost Build(
        EmbeddedBroker broker, TestClock clock, Action<WorkerBuilder> worker, Action<IServiceCollection>? configureServices, Action<CoordinatorBuilder>? coordinator)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true });
        // What a handler lacks is told at the start, and not as a job that fails.
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new() { ValidateOnBuild = true, ValidateScopes = true }));
        builder.Services.AddSingleton<TimeProvider>(clock);
        // The signals are those of the test's own program.
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.AddWarrenMessaging(options => options.Url = broker.Url);
        builder.Services.AddWarrenCoordinator(jobs =>
        {
            jobs.UseStore("sqlite::memory:").Configure(options =>
            {
                options.Lease = LongLease;
                options.ScheduleInterval = TimeSpan.FromMilliseconds(10);
                options.PruneInterval = TimeSpan.FromMilliseconds(50);
            });
            coordinator?.Invoke(jobs);
        });
        worker(builder.Services.AddWarrenWorker(options => options.ShutdownTimeout = TimeSpan.Zero));
        configureServices?.Invoke(builder.Services);
        return builder.Build();
    }

    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
