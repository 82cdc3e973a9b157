using System.Collections.Concurrent;
using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Works;

/// <summary>The messages of the latency work on their way: when each was delivered and confirmed.</summary>
internal sealed class PacedMessages
{
    private readonly Counter _delivered = new();
    private readonly Counter _confirmed = new();
    private readonly ConcurrentQueue<Exception> _failures = new();

    /// <summary>From send to handler.</summary>
    public LatencyHistogram Deliver { get; } = new();

    /// <summary>From send to confirm.</summary>
    public LatencyHistogram Confirm { get; } = new();

    /// <summary>How many reached the handler.</summary>
    public long DeliveredCount => _delivered.Value;

    /// <summary>How many were confirmed.</summary>
    public long ConfirmedCount => _confirmed.Value;

    /// <summary>The handler has the message that was sent at this time.</summary>
    public void OnDelivered(long sentAt)
    {
        Deliver.RecordSince(sentAt);
        _delivered.Add(1);
    }

    /// <summary>The broker has confirmed the message that was sent at this time.</summary>
    public void OnConfirmed(long sentAt)
    {
        Confirm.RecordSince(sentAt);
        _confirmed.Add(1);
    }

    /// <summary>Follows a publish to its confirm without being waited for; its failure comes to light in <see cref="DrainAsync"/>.</summary>
    public async Task FollowAsync(Task publish, long sentAt)
    {
        try
        {
            await publish;
            OnConfirmed(sentAt);
        }
        catch (Exception error)
        {
            // Nobody awaits this task; the run is failed when it is drained.
            _failures.Enqueue(error);
        }
    }

    /// <summary>Waits until every message was delivered and confirmed.</summary>
    /// <exception cref="VariantFailedException">A publish failed, or messages are missing.</exception>
    public Task DrainAsync(long sent, CancellationToken cancellationToken) => Wait.UntilAsync(
        () => _failures.TryPeek(out var error)
            ? throw new VariantFailedException($"A publish failed: {error}")
            : DeliveredCount >= sent && ConfirmedCount >= sent,
        () => $"of {sent} messages {DeliveredCount} were delivered and {ConfirmedCount} confirmed.",
        cancellationToken);
}
