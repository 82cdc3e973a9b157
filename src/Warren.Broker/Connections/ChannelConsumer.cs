using Warren.Broker.Queues;

namespace Warren.Broker.Connections;

/// <summary>A consumer a client started on a channel.</summary>
internal sealed class ChannelConsumer(AmqpChannel channel, Queue queue, string tag, int priority, bool isExclusive, bool noAck, int prefetch)
    : Consumer(queue, tag, priority, isExclusive, noAck)
{
    private int _held;

    /// <summary>The channel it was started on.</summary>
    public AmqpChannel Channel { get; } = channel;

    /// <summary>How many messages it may hold unacked; 0 for any number.</summary>
    public int Prefetch { get; } = prefetch;

    /// <inheritdoc/>
    public override bool CanTake => Channel.CanDeliver && (NoAck || ((Prefetch == 0 || _held < Prefetch) && Channel.HasCredit));

    /// <inheritdoc/>
    public override void Take(QueuedMessage message)
    {
        message.Consumer = this;
        if (NoAck)
            return;
        _held++;
        Channel.Held++;
    }

    /// <inheritdoc/>
    public override void GiveBack()
    {
        if (!NoAck)
            Settled();
    }

    /// <inheritdoc/>
    public override void Send(QueuedMessage message) => Channel.Deliver(this, message);

    /// <inheritdoc/>
    public override void QueueGone() => Channel.QueueGone(this);

    /// <summary>A message it held was settled or returned.</summary>
    public void Settled()
    {
        _held--;
        Channel.Held--;
    }
}
