namespace Warren.Broker.Queues;

/// <summary>What a channel was given and has not settled: delivery tags count up from 1, so a tag is an index.</summary>
internal sealed class UnackedMessages
{
    // A settled one in the middle leaves a null; the front is always open.
    private readonly Deque<QueuedMessage?> _messages = new();
    private ulong _first = 1;

    /// <summary>How many are not settled.</summary>
    public int Count { get; private set; }

    private ulong NextTag => _first + (ulong)_messages.Count;

    /// <summary>Adds a delivery and returns its tag.</summary>
    public ulong Add(QueuedMessage message)
    {
        var tag = NextTag;
        _messages.PushBack(message);
        Count++;
        return tag;
    }

    /// <summary>Uses up a tag for a delivery that needs no settling.</summary>
    public ulong Skip()
    {
        var tag = NextTag;
        if (_messages.Count == 0)
            _first++;
        else
            _messages.PushBack(null);
        return tag;
    }

    /// <summary>True when the tag was given out and is not settled.</summary>
    public bool IsOpen(ulong tag) => tag >= _first && tag < NextTag && _messages[(int)(tag - _first)] is not null;

    /// <summary>Takes one delivery out; null when its tag is not open.</summary>
    public QueuedMessage? Take(ulong tag)
    {
        if (!IsOpen(tag))
            return null;
        var message = _messages[(int)(tag - _first)];
        _messages[(int)(tag - _first)] = null;
        Count--;
        while (_messages.Count > 0 && _messages[0] is null)
        {
            _messages.TryPopFront(out _);
            _first++;
        }

        return message;
    }

    /// <summary>Takes all up to <paramref name="tag"/>, 0 meaning all, oldest first.</summary>
    public void TakeUpTo(ulong tag, List<QueuedMessage> taken)
    {
        var last = tag == 0 ? NextTag - 1 : tag;
        while (_messages.Count > 0 && (_first <= last || _messages[0] is null) && _messages.TryPopFront(out var message))
        {
            _first++;
            if (message is null)
                continue;
            taken.Add(message);
            Count--;
        }
    }

    /// <summary>The tags up to <paramref name="tag"/>, 0 meaning all, that are open.</summary>
    public IEnumerable<ulong> OpenUpTo(ulong tag)
    {
        for (var open = _first; open < NextTag && (tag == 0 || open <= tag); open++)
        {
            if (IsOpen(open))
                yield return open;
        }
    }
}
