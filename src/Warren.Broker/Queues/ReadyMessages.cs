namespace Warren.Broker.Queues;

/// <summary>The messages of a queue that wait for a consumer: by priority, then in the order of arrival.</summary>
/// <remarks>A returned message has a lower position than all that were never handed out, so it waits in a heap of its own before them.</remarks>
internal sealed class ReadyMessages(int priorities)
{
    private readonly Level[] _levels = [.. Enumerable.Range(0, priorities).Select(_ => new Level())];

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of the bodies of those that wait.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adds a new message at the end.</summary>
    public void Add(QueuedMessage message)
    {
        LevelOf(message).Fresh.PushBack(message);
        Count++;
        Bytes += message.Message.BodyLength;
    }

    /// <summary>Puts a message back at its old place.</summary>
    public void Return(QueuedMessage message)
    {
        LevelOf(message).Returned.Enqueue(message, message.Position);
        Count++;
        Bytes += message.Message.BodyLength;
    }

    /// <summary>The message that is next, or null.</summary>
    public QueuedMessage? Peek()
    {
        for (var i = _levels.Length - 1; i >= 0; i--)
        {
            var level = _levels[i];
            if (level.Returned.TryPeek(out var returned, out _))
                return returned;
            if (level.Fresh.Count > 0)
                return level.Fresh[0];
        }

        return null;
    }

    /// <summary>Takes the message that is next, or null.</summary>
    public QueuedMessage? Take()
    {
        for (var i = _levels.Length - 1; i >= 0; i--)
        {
            var level = _levels[i];
            if (level.Returned.TryDequeue(out var message, out _) || level.TryTakeFresh(out message))
            {
                Count--;
                Bytes -= message.Message.BodyLength;
                return message;
            }
        }

        return null;
    }

    /// <summary>The messages after the next one, in their order, as far as they were never handed out and have its priority.</summary>
    public IEnumerable<QueuedMessage> Following(int limit)
    {
        for (var i = _levels.Length - 1; i >= 0; i--)
        {
            var level = _levels[i];
            if (level.Returned.Count > 0)
                yield break;
            if (level.Fresh.Count == 0)
                continue;
            for (var n = 0; n < Math.Min(limit, level.Fresh.Count); n++)
                yield return level.Fresh[n];
            yield break;
        }
    }

    /// <summary>
    /// Messages deep in the queue that may leave memory, each given once: those behind the first <paramref name="keep"/>. Stops
    /// at the first that <paramref name="pageOut"/> refuses, to begin there the next time.
    /// </summary>
    public void PageOut(int keep, int limit, Func<Message, bool> pageOut)
    {
        foreach (var level in _levels)
        {
            level.Paged = Math.Max(level.Paged, Math.Min(keep, level.Fresh.Count));
            while (limit > 0 && level.Paged < level.Fresh.Count)
            {
                var message = level.Fresh[level.Paged].Message;
                // Those that are out already, as after a restart, cost nothing.
                if (message.IsInMemory)
                {
                    if (!pageOut(message))
                        break;
                    limit--;
                }

                level.Paged++;
            }
        }
    }

    /// <summary>All that wait, in no particular order.</summary>
    public IEnumerable<QueuedMessage> All() => _levels.SelectMany(level => level.Returned.UnorderedItems.Select(item => item.Element).Concat(level.Fresh));

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        foreach (var level in _levels)
        {
            level.Returned.Clear();
            level.Fresh.Clear();
            level.Paged = 0;
        }

        Count = 0;
        Bytes = 0;
    }

    private Level LevelOf(QueuedMessage message) => _levels[Math.Min(message.Message.Priority, _levels.Length - 1)];

    /// <summary>One priority.</summary>
    private sealed class Level
    {
        public Deque<QueuedMessage> Fresh { get; } = new();

        public PriorityQueue<QueuedMessage, long> Returned { get; } = new();

        // How many of the fresh ones, from the front, were looked at for leaving memory.
        public int Paged { get; set; }

        public bool TryTakeFresh([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out QueuedMessage? message)
        {
            if (!Fresh.TryPopFront(out message))
                return false;
            Paged = Math.Max(0, Paged - 1);
            return true;
        }
    }
}
