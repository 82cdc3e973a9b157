using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Warren.Messaging.Hosting;

/// <summary>
/// Runs one bus with its host. Start makes the bus and returns; once the host has started, what is registered is declared and the
/// consumers begin, each as soon as the broker lets it. Shutdown goes the other way: consumers stop and drain before any other service
/// stops, and the bus closes after all of them, so that the last of them can still publish.
/// </summary>
internal sealed partial class MessagingHostedService(
    MessagingRegistration registration, Func<IMessageBus> getBus, MessageBusFactory factory, IServiceProvider services,
    TimeProvider time, ILogger<MessagingHostedService> logger) : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentBag<Subscription> _subscriptions = [];
    private readonly ConcurrentDictionary<object, string> _problems = new();
    private Task _starting = Task.CompletedTask;
    private IMessageBus? _bus;
    private bool _disposed;

    /// <summary>What keeps declarations and consumers from starting, in words; the consumers that run tell their health through the bus.</summary>
    public IReadOnlyCollection<string> Problems => [.. _problems.Values];

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _bus = getBus();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (_bus is not null)
            _starting = StartAllAsync(_bus, _stopping.Token);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => WaitAsync(StopConsumersAsync(), "consumers", cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) =>
        // A bus that the application brought itself is the application's to close.
        _bus is not null && ReferenceEquals(_bus, factory.Created)
            ? WaitAsync(_bus.DisposeAsync().AsTask(), "bus", cancellationToken)
            : Task.CompletedTask;

    /// <summary>Ends the attempts to start, for a host that was never stopped.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task StopConsumersAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _starting.ConfigureAwait(false);
        // All at once: each has the whole shutdown time to drain.
        await Task.WhenAll(_subscriptions.Select(subscription => subscription.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    private async Task StartAllAsync(IMessageBus bus, CancellationToken cancellationToken)
    {
        // A consumer may rest on a registered queue; it would declare it differently if it came first.
        foreach (var topology in registration.Topologies)
        {
            await UntilDoneAsync(topology, "topology", () => bus.DeclareAsync(topology, cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        await Task.WhenAll(registration.Consumers.Select(consumer => UntilDoneAsync(
            consumer,
            $"consumer of {consumer.Queue}",
            async () => _subscriptions.Add(await consumer.StartAsync(bus, services, cancellationToken).ConfigureAwait(false)),
            cancellationToken))).ConfigureAwait(false);
    }

    /// <summary>Tries until it succeeds or the host stops. A broker that is away only makes it wait; what ends here is for a human.</summary>
    private async Task UntilDoneAsync(object item, string what, Func<Task> attempt, CancellationToken cancellationToken)
    {
        // The first await leaves the caller: an attempt that fails or blocks at once must not do so inside the host's start.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        for (var pause = FirstPause; !cancellationToken.IsCancellationRequested; pause = Min(pause * 2, factory.Options.ReconnectMaxDelay))
        {
            try
            {
                await attempt().ConfigureAwait(false);
                _problems.TryRemove(item, out _);
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (ConnectionFailedException error)
            {
                // The connection itself logs that the broker is away, and health shows it.
                Log.BrokerAway(logger, error, what, pause);
            }
            catch (Exception error)
            {
                // The application and the other consumers go on; an operator may repair the queue meanwhile.
                _problems[item] = $"{what}: {error.Message}";
                Log.CannotStart(logger, error, what, pause);
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WaitAsync(Task stopped, string what, CancellationToken cancellationToken)
    {
        try
        {
            await stopped.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Log.StopTimedOut(logger, what);
        }
        catch (Exception error)
        {
            // The host goes on stopping; unfinished messages go back to their queues with the connection.
            Log.StopFailed(logger, error, what);
        }
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "The broker is away: the {What} waits, trying again in {Pause}")]
        public static partial void BrokerAway(ILogger logger, Exception error, string what, TimeSpan pause);

        [LoggerMessage(LogLevel.Error, "Cannot start the {What}; trying again in {Pause}")]
        public static partial void CannotStart(ILogger logger, Exception error, string what, TimeSpan pause);

        [LoggerMessage(LogLevel.Warning, "The host's shutdown time is over before the {What} had stopped")]
        public static partial void StopTimedOut(ILogger logger, string what);

        [LoggerMessage(LogLevel.Error, "Stopping the {What} failed")]
        public static partial void StopFailed(ILogger logger, Exception error, string what);
    }
}
