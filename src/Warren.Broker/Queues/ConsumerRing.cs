namespace Warren.Broker.Queues;

/// <summary>The consumers of a queue and whose turn it is: round robin among those of the highest priority that can take a message.</summary>
internal sealed class ConsumerRing(bool singleActive)
{
    private static readonly Comparer<int> HighestFirst = Comparer<int>.Create((a, b) => b.CompareTo(a));

    private readonly LinkedList<Consumer> _all = [];
    // Those who may be next. One that could take nothing is left out until it says that it can again, so that a turn costs
    // the same however many are busy.
    private readonly SortedList<int, Queue<Consumer>> _turns = new(HighestFirst);
    // Where each is among all, so that many can go as fast as they came.
    private readonly Dictionary<Consumer, LinkedListNode<Consumer>> _nodes = [];
    // How many that were taken out still stand in the turns.
    private int _gone;

    /// <summary>All, in the order in which they came.</summary>
    public IReadOnlyCollection<Consumer> All => _all;

    /// <summary>How many there are.</summary>
    public int Count => _all.Count;

    /// <summary>True when one has the queue to itself; then it is the only one.</summary>
    public bool IsExclusive => _all.First is { Value.IsExclusive: true };

    /// <summary>The only one that gets messages, where the queue has a single active consumer.</summary>
    public Consumer? Active { get; private set; }

    /// <summary>Adds a consumer at the end of its priority's round.</summary>
    public void Add(Consumer consumer)
    {
        _nodes.Add(consumer, _all.AddLast(consumer));
        if (singleActive)
            Active ??= consumer;
        if (!singleActive || Active == consumer)
            Join(consumer);
    }

    /// <summary>Takes a consumer out; another becomes the active one where there is only one.</summary>
    public void Remove(Consumer consumer)
    {
        consumer.IsCanceled = true;
        if (!_nodes.Remove(consumer, out var node))
            return;
        _all.Remove(node);
        if (++_gone > Count)
            SweepTurns();
        if (Active != consumer)
            return;
        // The longest waiting of those with the highest priority.
        Active = _all.MaxBy(candidate => candidate.Priority);
        if (Active is not null)
            Join(Active);
    }

    /// <summary>The consumer whose turn it is, or null when none can take a message.</summary>
    public Consumer? Next()
    {
        foreach (var turns in _turns.Values)
        {
            while (turns.TryDequeue(out var consumer))
            {
                if (consumer.IsCanceled)
                    continue;
                if (consumer.CanTake)
                {
                    turns.Enqueue(consumer);
                    return consumer;
                }

                consumer.IsParked = true;
            }
        }

        return null;
    }

    /// <summary>Lets a consumer that was passed over take its turns again.</summary>
    public void Unpark(Consumer consumer)
    {
        if (consumer is { IsParked: true, IsCanceled: false })
            Join(consumer);
    }

    // Nobody asks for turns while nothing waits in the queue, so those who went would stand there for ever.
    private void SweepTurns()
    {
        _gone = 0;
        foreach (var (priority, turns) in _turns.ToArray())
        {
            for (var left = turns.Count; left > 0; left--)
            {
                if (turns.Dequeue() is { IsCanceled: false } consumer)
                    turns.Enqueue(consumer);
            }

            if (turns.Count == 0)
                _turns.Remove(priority);
        }
    }

    private void Join(Consumer consumer)
    {
        consumer.IsParked = false;
        if (!_turns.TryGetValue(consumer.Priority, out var turns))
            _turns.Add(consumer.Priority, turns = new());
        turns.Enqueue(consumer);
    }
}
