using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Jobs.Worker;

/// <summary>Hears what coordinators call out to a session: a faster way for what the next renewal tells anyway.</summary>
/// <param name="bus">The bus.</param>
/// <param name="cancel">Told of canceled jobs.</param>
/// <param name="renew">Told that a renewal may bring news.</param>
/// <param name="time">The clock of the pause after a failure.</param>
/// <param name="logger">Where to log.</param>
internal sealed partial class SessionHints(MessageBus bus, Action<IReadOnlyList<JobId>?> cancel, Action renew, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private CancellationTokenSource _reading = new();

    /// <summary>Hears hints for the session of the moment until it is stopped.</summary>
    public async Task FollowAsync(Func<string> session, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            CancellationToken reading;
            lock (_gate)
            {
                if (_reading.IsCancellationRequested)
                {
                    _reading.Dispose();
                    _reading = new CancellationTokenSource();
                }
                reading = _reading.Token;
            }
            using var either = CancellationTokenSource.CreateLinkedTokenSource(reading, stopping);
            var id = session();
            try
            {
                // Each time the queue is bound something may have been missed before.
                await foreach (var body in bus.ReadAsync<ReadOnlyMemory<byte>>(WireNames.ControlExchange, id, new ReadOptions { OnBound = renew }, either.Token))
                    Hear(id, body);
            }
            catch (OperationCanceledException) when (either.IsCancellationRequested)
            {
                // The session ended, or has another id now.
            }
            catch (ObjectDisposedException)
            {
                // The bus is gone.
                return;
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                Log.HintsFailed(logger, error);
                await Task.Delay(Pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Looks for the session's id again.</summary>
    public void Restart()
    {
        lock (_gate)
            _ = _reading.CancelAsync();
    }

    /// <summary>Lets go of its signal, after <see cref="FollowAsync"/> has returned.</summary>
    public void Dispose() => _reading.Dispose();

    private void Hear(string session, ReadOnlyMemory<byte> body)
    {
        try
        {
            var hint = JsonSerializer.Deserialize<ControlMessage>(body.Span, JobJson.Options);
            if (hint?.Session == session)
                cancel(hint.Cancel);
            renew();
        }
        catch (JsonException error)
        {
            Log.BadHint(logger, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Hints of the coordinator cannot be read now; cancellations come with renewals")]
        public static partial void HintsFailed(ILogger logger, Exception error);

        [LoggerMessage(LogLevel.Warning, "A hint of the coordinator could not be read")]
        public static partial void BadHint(ILogger logger, Exception error);
    }
}
