using System.Collections.Concurrent;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Publishing;

/// <summary>
/// Remembers which exchanges exist, so that only the first publish to each one looks. Those that come while it looks stand in line,
/// so that none overtakes another.
/// </summary>
internal sealed class ExchangeCache(TopologyDeclarer declarer)
{
    private readonly ConcurrentDictionary<string, Line> _lines = new(StringComparer.Ordinal);

    /// <summary>Whether the exchange is known to exist and nobody stands in line; the default exchange always does.</summary>
    public bool IsKnown(string exchange) =>
        exchange.Length == 0 || (_lines.TryGetValue(exchange, out var line) && line.IsOver);

    /// <summary>Stands in line for an exchange that is not known. The place has to be left, whatever happens.</summary>
    public Place StandInLine(string exchange) => _lines.GetOrAdd(exchange, static _ => new Line()).Enter();

    /// <summary>Looks for the exchange and declares it as a durable topic exchange if it does not exist.</summary>
    public async Task EnsureAsync(string exchange, CancellationToken cancellationToken)
    {
        // Callers share one look; it belongs to none of them, so none can cancel it.
        var line = _lines.GetOrAdd(exchange, static _ => new Line());
        var look = line.Look(() => declarer.EnsureExchangeAsync(new ExchangeDefinition(exchange), CancellationToken.None));
        try
        {
            await look.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (look.IsFaulted)
        {
            line.Forget(look);
            throw;
        }
    }

    /// <summary>Looks again: the broker did not know the exchange after all.</summary>
    public Task RepairAsync(string exchange, CancellationToken cancellationToken)
    {
        if (_lines.TryGetValue(exchange, out var line))
            line.Forget(look: null);
        return EnsureAsync(exchange, cancellationToken);
    }

    /// <summary>The look at one exchange, and the publishes that wait for it in order.</summary>
    private sealed class Line
    {
        private readonly Lock _gate = new();
        private volatile Task? _look;
        private Task _last = Task.CompletedTask;
        private int _waiting;

        public bool IsOver => _look is { IsCompletedSuccessfully: true } && Volatile.Read(ref _waiting) == 0;

        public Task Look(Func<Task> begin)
        {
            lock (_gate)
                return _look ??= begin();
        }

        public void Forget(Task? look)
        {
            lock (_gate)
            {
                if (look is null || _look == look)
                    _look = null;
            }
        }

        public Place Enter()
        {
            lock (_gate)
            {
                var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var place = new Place(_last, () => Leave(left));
                _last = left.Task;
                _waiting++;
                return place;
            }
        }

        private void Leave(TaskCompletionSource left)
        {
            Interlocked.Decrement(ref _waiting);
            left.SetResult();
        }
    }

    /// <summary>A publish's place in line.</summary>
    /// <param name="turn">Ends when everybody before has left.</param>
    /// <param name="leave">Lets the next one go.</param>
    internal sealed class Place(Task turn, Action leave) : IDisposable
    {
        /// <summary>Ends when everybody before has left.</summary>
        public Task Turn => turn;

        /// <summary>Leaves; who leaves early does not let the next one pass those before.</summary>
        public void Dispose()
        {
            if (turn.IsCompleted)
                leave();
            else
                turn.ContinueWith(static (_, state) => ((Action)state!)(), leave, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }
}
