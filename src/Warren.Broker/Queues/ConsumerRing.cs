namespace Warren.Broker.Queues;

/// <summary>The consumers of a queue and whose turn it is: round robin among those of the highest priority that can take a message.</summary>
internal sealed class ConsumerRing(bool singleActive)
{
    private static readonly Comparer<int> HighestFirst = Comparer<int>.Create((a, b) => b.CompareTo(a));

    private readonly List<Consumer> _all = [];
    // Those who may be next. One that could take nothing is left out until it says that it can again, so that a turn costs
    // the same however many are busy.
    private readonly SortedList<int, Queue<Consumer>> _turns = new(HighestFirst);

    /// <summary>All, in the order in which they came.</summary>
    public IReadOnlyList<Consumer> All => _all;

    /// <summary>How many there are.</summary>
    public int Count => _all.Count;

    /// <summary>The only one that gets messages, where the queue has a single active consumer.</summary>
    public Consumer? Active { get; private set; }

    /// <summary>Adds a consumer at the end of its priority's round.</summary>
    public void Add(Consumer consumer)
    {
        _all.Add(consumer);
        if (singleActive)
            Active ??= consumer;
        if (!singleActive || Active == consumer)
            Join(consumer);
    }

    /// <summary>Takes a consumer out; another becomes the active one where there is only one.</summary>
    public void Remove(Consumer consumer)
    {
        consumer.IsCanceled = true;
        _all.Remove(consumer);
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

    private void Join(Consumer consumer)
    {
        consumer.IsParked = false;
        if (!_turns.TryGetValue(consumer.Priority, out var turns))
            _turns.Add(consumer.Priority, turns = new());
        turns.Enqueue(consumer);
    }
}
