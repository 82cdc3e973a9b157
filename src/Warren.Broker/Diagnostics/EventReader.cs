using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Warren.Broker.Diagnostics;

/// <summary>One reader of the broker's events, with those it has not read yet; of more than it may keep the oldest are dropped.</summary>
internal sealed class EventReader(EventReaders readers)
{
    /// <summary>How many unread events are kept.</summary>
    public const int Capacity = 1024;

    private readonly Channel<(long Number, BrokerEvent Event)> _unread = Channel.CreateBounded<(long Number, BrokerEvent Event)>(
        new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private long _told;

    /// <summary>Adds an event; one caller at a time.</summary>
    public void Tell(BrokerEvent happened) => _unread.Writer.TryWrite((++_told, happened));

    /// <summary>Adds nothing more.</summary>
    public void End() => _unread.Writer.TryComplete();

    /// <summary>Leaves the readers.</summary>
    public void Leave() => readers.Remove(this);

    /// <summary>The events in their order; where some were dropped, an event that says how many stands in their place.</summary>
    /// <param name="leaving">What makes the reader leave when the token is canceled, given up with the enumeration.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async IAsyncEnumerable<BrokerEvent> ReadAllAsync(
        CancellationTokenRegistration leaving, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The numbers have no gaps but those that dropping has made.
        var next = 1L;
        try
        {
            await foreach (var (number, happened) in _unread.Reader.ReadAllAsync(cancellationToken))
            {
                if (number > next)
                    yield return new BrokerEvent.EventsDropped(number - next) { At = happened.At };
                next = number + 1;
                yield return happened;
            }
        }
        finally
        {
            await leaving.DisposeAsync();
            Leave();
        }
    }
}
