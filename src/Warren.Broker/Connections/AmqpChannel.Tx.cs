using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Queues;

namespace Warren.Broker.Connections;

/// <content>Transactions: publishes and settlements gather until commit does them as one, or rollback forgets them.</content>
internal sealed partial class AmqpChannel
{
    // A transaction is one record of the log, which has its own limit above this.
    private const long MostInTx = 768L * 1024 * 1024;

    private Transaction? _tx;

    private enum TxSettlement
    {
        Ack,
        Reject,
        Requeue,
    }

    private ValueTask SelectTx(in TxSelect method)
    {
        if (_confirms is not null)
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, "cannot switch from confirm to tx mode");
        _tx ??= new();
        return Reply(new TxSelectOk());
    }

    private ValueTask CommitTx(in TxCommit method)
    {
        var tx = Transactional();
        long lsn;
        using (Enter())
        {
            // It may be closed from outside while this waits for its turn, and holds nothing then.
            if (IsClosing)
                return ValueTask.CompletedTask;
            _tx = new();
            List<PublishOutcome> outcomes = [];
            var acked = Take(tx, TxSettlement.Ack);
            lsn = _host.Commit([.. tx.Publishes.Select(published => published.Publish)], acked, outcomes);
            for (var i = 0; i < outcomes.Count; i++)
            {
                _host.Counts.Publish(outcomes[i].IsRouted);
                if (!outcomes[i].IsRouted && tx.Publishes[i].Mandatory)
                    Return(tx.Publishes[i].Publish.Message);
            }

            LetGo(tx);
            ResumeAfter(acked);
            Reject(Take(tx, TxSettlement.Reject), requeue: false);
            Reject(Take(tx, TxSettlement.Requeue), requeue: true);
        }

        return Reply(new TxCommitOk(), Math.Max(lsn, _lastLsn));
    }

    // The messages are still held, under their tags, and may be settled anew.
    private ValueTask RollbackTx(in TxRollback method)
    {
        var tx = Transactional();
        using (Enter())
        {
            _tx = new();
            LetGo(tx);
        }

        return Reply(new TxRollbackOk());
    }

    private void PublishInTx(Transaction tx, in Publish publish)
    {
        tx.Bytes += publish.Message.ContentLength;
        if (tx.Bytes > MostInTx)
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, $"transaction size {tx.Bytes} is larger than max size {MostInTx}");
        // Routed now; only a queue named by the default exchange is looked up when all is committed.
        var routed = publish.Exchange.Name.Length == 0 ? null : _host.RouteNow(publish);
        tx.Publishes.Add((publish with { Routed = routed }, _publishMandatory));
        _host.Hold(publish.Message);
    }

    private void LetGo(Transaction tx)
    {
        foreach (var (publish, _) in tx.Publishes)
            _host.LetGo(publish.Message);
        tx.Publishes.Clear();
    }

    private Transaction Transactional() =>
        _tx ?? throw AmqpException.Channel(ReplyCode.PreconditionFailed, "channel is not transactional");

    private void SettleInTx(ulong tag, bool multiple, TxSettlement settlement)
    {
        var settled = _tx!.Settled;
        if (!(multiple && tag == 0) && (!_unacked.IsOpen(tag) || settled.ContainsKey(tag)))
            throw UnknownTag(tag);
        foreach (var open in multiple ? _unacked.OpenUpTo(tag) : [tag])
            settled.TryAdd(open, settlement);
    }

    private List<QueuedMessage> Take(Transaction tx, TxSettlement settlement) =>
        [.. tx.Settled.Where(settled => settled.Value == settlement).OrderBy(settled => settled.Key).Select(settled => _unacked.Take(settled.Key)!)];

    /// <summary>What a transaction has gathered.</summary>
    private sealed class Transaction
    {
        public List<(Publish Publish, bool Mandatory)> Publishes { get; } = [];

        // Of the contents that are to be published.
        public long Bytes { get; set; }

        // How each delivery tag was settled.
        public Dictionary<ulong, TxSettlement> Settled { get; } = [];
    }
}
