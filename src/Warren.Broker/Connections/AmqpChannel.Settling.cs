using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Queues;

namespace Warren.Broker.Connections;

/// <content>Acks, nacks, rejects and recover: what becomes of the messages a client was given.</content>
internal sealed partial class AmqpChannel
{
    private const int MostKept = 4096;

    private readonly UnackedMessages _unacked = new();
    private readonly List<QueuedMessage> _settling = [];

    private ValueTask Ack(in BasicAck method)
    {
        using (Enter())
        {
            if (_tx is not null)
                SettleInTx(method.DeliveryTag, method.Multiple, TxSettlement.Ack);
            else if (TryTake(method.DeliveryTag, method.Multiple))
                Ack(_settling);
            ForgetSettled();
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask Nack(in BasicNack method) => Reject(method.DeliveryTag, method.Multiple, method.Requeue);

    private ValueTask Reject(in BasicReject method) => Reject(method.DeliveryTag, multiple: false, method.Requeue);

    private ValueTask Reject(ulong tag, bool multiple, bool requeue)
    {
        using (Enter())
        {
            if (_tx is not null)
                SettleInTx(tag, multiple, requeue ? TxSettlement.Requeue : TxSettlement.Reject);
            else if (TryTake(tag, multiple))
                Reject(_settling, requeue);
            ForgetSettled();
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask Recover(bool requeue, bool answer)
    {
        if (!requeue)
            throw AmqpException.Connection(ReplyCode.NotImplemented, "requeue=false");
        using (Enter())
        {
            List<QueuedMessage> returned = [];
            if (_tx is { Settled.Count: > 0 } tx)
                returned.AddRange(_unacked.OpenUpTo(0).Where(tag => !tx.Settled.ContainsKey(tag)).ToArray().Select(tag => _unacked.Take(tag)!));
            else
                _unacked.TakeUpTo(0, returned);
            CreditBack(returned);
            if (answer)
                _output.Write(Number, new BasicRecoverOk());
            _connection.Written();
            Queue.Return(returned, counts: true);
            Resume();
        }

        return ValueTask.CompletedTask;
    }

    private void Ack(List<QueuedMessage> entries)
    {
        _lastLsn = Math.Max(_lastLsn, entries.Count == 1 ? _host.Settle(entries[0]) : _host.Settle(entries));
        ResumeAfter(entries);
    }

    private void Reject(List<QueuedMessage> entries, bool requeue)
    {
        if (requeue)
        {
            var consumers = entries.Select(entry => entry.Consumer).OfType<ChannelConsumer>().Distinct().ToArray();
            CreditBack(entries);
            Queue.Return(entries, counts: true, refused: true);
            foreach (var consumer in GlobalPrefetch > 0 ? [.. _consumers.Values] : consumers)
                consumer.Queue.CreditReturned(consumer);
        }
        else
        {
            foreach (var entry in entries)
                entry.Queue.Reject(entry);
            ResumeAfter(entries);
            _host.SettleLeaving();
        }

        _lastLsn = Math.Max(_lastLsn, _host.AppendedLsn);
    }

    // Gives the credit of settled messages back, and whoever has it is given what waits.
    private void ResumeAfter(List<QueuedMessage> entries)
    {
        // A limit of the whole channel may have held up any of its consumers.
        var wasLimited = GlobalPrefetch > 0 || !HasCredit;
        CreditBack(entries);
        if (wasLimited)
        {
            Resume();
            return;
        }

        ChannelConsumer? last = null;
        foreach (var entry in entries)
        {
            if (entry.Consumer is not ChannelConsumer consumer || consumer == last)
                continue;
            last = consumer;
            consumer.Queue.CreditReturned(consumer);
        }
    }

    private static void CreditBack(IReadOnlyList<QueuedMessage> entries)
    {
        foreach (var entry in entries)
            (entry.Consumer as ChannelConsumer)?.Settled();
    }

    // What is settled must not live on in a channel that settles nothing else for a while.
    private void ForgetSettled()
    {
        _settling.Clear();
        if (_settling.Capacity > MostKept)
            _settling.Capacity = 0;
    }

    // Fills _settling; false when nothing is to be done.
    private bool TryTake(ulong tag, bool multiple)
    {
        _settling.Clear();
        if (multiple)
        {
            if (tag != 0 && !_unacked.IsOpen(tag))
                throw UnknownTag(tag);
            _unacked.TakeUpTo(tag, _settling);
        }
        else if (_unacked.Take(tag) is { } entry)
        {
            _settling.Add(entry);
        }
        else
        {
            throw UnknownTag(tag);
        }

        return _settling.Count > 0;
    }

    private static AmqpException UnknownTag(ulong tag) => AmqpException.Channel(ReplyCode.PreconditionFailed, $"unknown delivery tag {tag}");
}
