using System.Collections.Concurrent;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Publishing;

/// <summary>Remembers which exchanges exist, so that only the first publish to each one looks.</summary>
internal sealed class ExchangeCache(TopologyDeclarer declarer)
{
    private readonly ConcurrentDictionary<string, Task> _known = new(StringComparer.Ordinal);

    /// <summary>Whether the exchange is known to exist; the default exchange always does.</summary>
    public bool IsKnown(string exchange) =>
        exchange.Length == 0 || (_known.TryGetValue(exchange, out var known) && known.IsCompletedSuccessfully);

    /// <summary>Looks for the exchange and declares it as a durable topic exchange if it does not exist.</summary>
    public async Task EnsureAsync(string exchange, CancellationToken cancellationToken)
    {
        // Callers share one look; it belongs to none of them, so none can cancel it.
        var look = _known.GetOrAdd(exchange, static (name, declarer) =>
            declarer.EnsureExchangeAsync(new ExchangeDefinition(name), CancellationToken.None), declarer);
        try
        {
            await look.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (look.IsFaulted)
        {
            _known.TryRemove(new KeyValuePair<string, Task>(exchange, look));
            throw;
        }
    }

    /// <summary>Looks again: the broker did not know the exchange after all.</summary>
    public Task RepairAsync(string exchange, CancellationToken cancellationToken)
    {
        _known.TryRemove(exchange, out _);
        return EnsureAsync(exchange, cancellationToken);
    }
}
