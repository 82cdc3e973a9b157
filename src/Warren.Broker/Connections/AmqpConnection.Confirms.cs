using Warren.Broker.Storage;

namespace Warren.Broker.Connections;

/// <content>When the publishers of the connection hear that their messages are safe.</content>
internal sealed partial class AmqpConnection
{
    private volatile AmqpChannel[] _confirming = [];

    /// <summary>Adds a channel in confirm mode.</summary>
    public void Confirming(AmqpChannel channel) => _confirming = [.. _confirming, channel];

    /// <inheritdoc/>
    public void Committed(long durableLsn)
    {
        if (Host.Faults?.HoldsConfirms != true)
            SettleConfirms(confirms => confirms.Settle(durableLsn));
    }

    /// <inheritdoc/>
    public void Failed(long failedLsn, StorageException error) => SettleConfirms(confirms => confirms.Fail(failedLsn));

    /// <summary>Confirms what was held back and is due by now, on any thread.</summary>
    public void ConfirmWhatIsDue()
    {
        Committed(Engine.Store?.DurableLsn ?? long.MaxValue);
        if (Engine.Store is { } store && _confirming.Select(channel => channel.Confirms!.LastLsn).DefaultIfEmpty().Max() is var waitsFor && waitsFor > store.DurableLsn)
            store.NotifyWhenDurable(waitsFor, this);
    }

    private void SettleConfirms()
    {
        if (Host.Faults?.HoldsConfirms == true)
            return;
        var waitsFor = 0L;
        var durable = Engine.Store?.DurableLsn ?? long.MaxValue;
        foreach (var channel in _confirming)
        {
            if (channel.Confirms!.Settle(durable))
                Written();
            waitsFor = Math.Max(waitsFor, channel.Confirms.LastLsn);
        }

        if (waitsFor > durable)
            Engine.Store!.NotifyWhenDurable(waitsFor, this);
    }

    private void SettleConfirms(Func<Confirms, bool> settle)
    {
        var written = false;
        foreach (var channel in _confirming)
            written |= settle(channel.Confirms!);
        if (written)
            Output.Flush();
    }

    // The log's writer may be about to settle it: once its end is told, nothing more is written for it.
    private void Forget(AmqpChannel channel)
    {
        if (channel.Confirms is not { } confirms)
            return;
        confirms.End();
        _confirming = [.. _confirming.Where(confirming => confirming != channel)];
    }
}
