using Warren.Broker.Diagnostics;
using Warren.Broker.Queues;

namespace Warren.Broker;

/// <content>Messages that leave their queue without being acked: dropped, or moved through a dead letter exchange.</content>
/// <remarks>
/// A queue only names them; they are moved at the end of the turn, one after the other, so that a chain of queues that dead-letter
/// into each other never nests. A move is one record: after a crash the message is in its old queue or in the new ones, never in both.
/// </remarks>
internal sealed partial class VirtualHost
{
    // How many held messages of a queue are moved in one turn, so that others get theirs.
    private const int MostMoves = 4096;

    private static readonly TimeSpan HeldRetry = TimeSpan.FromSeconds(1);

    private readonly Queue<(QueuedMessage Message, DeathReason Reason)> _leaving = new();
    private readonly Queue<(Queue Queue, Publish Letter)> _refused = new();
    // Queues that promise to dead-letter at least once, and have messages nobody takes: those stay in the log as they were.
    private readonly HashSet<Queue> _holding = [];
    private ITimer? _heldTimer;
    // To be told to those who trace, once the lock is given back.
    private List<DeadLetterMove>? _moves;

    /// <summary>A message leaves its queue for good; it is neither ready there nor handed out any more.</summary>
    public void Leave(QueuedMessage entry, DeathReason reason) => _leaving.Enqueue((entry, reason));

    /// <summary>Moves or drops what left its queue. At the end of a turn it is done by itself.</summary>
    public void SettleLeaving()
    {
        while (true)
        {
            if (_leaving.TryDequeue(out var leaving))
                Move(leaving.Message, leaving.Reason);
            else if (_refused.TryDequeue(out var refused))
                DeadLetterRefused(refused.Queue, refused.Letter);
            else
                return;
        }
    }

    private void Move(QueuedMessage entry, DeathReason reason)
    {
        // Those before it in the same queue found nobody.
        if (entry.Queue.Held.IsStuck || !TryMove(entry, reason))
            Hold(entry, reason);
    }

    // False when it must not be dropped, and nobody takes it.
    private bool TryMove(QueuedMessage entry, DeathReason reason)
    {
        var arguments = entry.Queue.Arguments;
        if (arguments.DeadLetterExchange is null || entry.Queue.IsDeleted || entry.IsDuplicate)
            return Drop(entry);
        if (!Memory.TryLoad(entry.Message))
        {
            entry.Queue.GiveUp(entry);
            return true;
        }

        var takesAll = false;
        Message? dead = null;
        if (_exchanges.TryGetValue(arguments.DeadLetterExchange, out var exchange))
        {
            var letter = DeadLettering.Letter(entry.Queue, entry.Message, exchange, reason, Clock.Now);
            dead = letter.Message;
            var (_, refused) = Route(letter);
            takesAll = _routed.Count > 0 && !refused;
        }
        else
        {
            _routed.Clear();
        }

        if (arguments.DeadLettersAtLeastOnce && !takesAll)
        {
            entry.Queue.Sent(entry);
            return false;
        }

        if (dead is null || _routed.Count == 0)
            return Drop(entry);

        var targets = new List<Target>();
        Reserve(targets);
        if (Store is { } store && (entry.IsStored || Keeps(dead, targets)))
        {
            using var record = store.Begin();
            if (Keeps(dead, targets))
                Keep(record, dead, targets);
            entry.Queue.Unstore(record, entry);
            record.Commit(urgent: true);
        }

        entry.Queue.Release(entry.Message);
        DeadLettered(entry.Queue, reason, dead);
        Add(dead, targets);
        return true;
    }

    private bool Drop(QueuedMessage entry)
    {
        Unstore(entry);
        entry.Queue.Release(entry.Message);
        return true;
    }

    // Its letter is written at once: the message itself may leave memory when another queue takes it.
    private void Refuse(Queue queue, Message message)
    {
        if (queue.Arguments.DeadLetterExchange is { } name && _exchanges.TryGetValue(name, out var exchange))
            _refused.Enqueue((queue, DeadLettering.Letter(queue, message, exchange, DeathReason.MaxLength, Clock.Now)));
    }

    private void DeadLetterRefused(Queue queue, in Publish letter)
    {
        // Once it waits in a queue it may leave memory.
        DeadLetterMove? move = BrokerTracing.IsOn ? BrokerTracing.Move(queue.Name, DeathReason.MaxLength, letter.Message) : null;
        if (!Publish(letter).IsRouted)
            return;
        Counts.DeadLettered++;
        if (move is { } moved)
            (_moves ??= []).Add(moved);
    }

    private void DeadLettered(Queue queue, DeathReason reason, Message letter)
    {
        Counts.DeadLettered++;
        if (BrokerTracing.IsOn)
            (_moves ??= []).Add(BrokerTracing.Move(queue.Name, reason, letter));
    }

    private void Hold(QueuedMessage entry, DeathReason reason)
    {
        entry.Queue.Held.Add(entry, reason);
        _holding.Add(entry.Queue);
        TryHeldAfter(HeldRetry);
    }

    private void TryHeldAfter(TimeSpan pause) =>
        _heldTimer ??= Clock.Time.CreateTimer(static host => ((VirtualHost)host!).TryHeld(), this, pause, Timeout.InfiniteTimeSpan);

    private void TryHeld() => RunAlone(() =>
    {
        _heldTimer?.Dispose();
        _heldTimer = null;
        var hasMore = false;
        foreach (var queue in _holding.ToArray())
        {
            hasMore |= queue.Held.Try(MostMoves, TryMove) == MostMoves;
            if (queue.Held.Count == 0)
                _holding.Remove(queue);
        }

        if (_holding.Count > 0)
            TryHeldAfter(hasMore ? TimeSpan.Zero : HeldRetry);
    });
}
