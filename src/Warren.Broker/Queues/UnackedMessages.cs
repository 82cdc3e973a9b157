namespace Warren.Broker.Queues;

/// <summary>What a channel was given and has not settled, by delivery tag; tags count up from 1 (AMQP 0-9-1 §2.1.2).</summary>
/// <remarks>
/// Only messages that are open take room, however many were settled between them: a client may keep one for a day. As long as messages
/// are settled about in their order, the place of a tag is known from those before it; otherwise it is searched for.
/// </remarks>
internal sealed class UnackedMessages
{
    // Of so few the empty ones need not be closed up.
    private const int Few = 16;

    // A settled one in the middle leaves an empty entry; the front is always open.
    private readonly Deque<Entry> _entries = new();
    private ulong _nextTag = 1;

    /// <summary>How many are not settled.</summary>
    public int Count { get; private set; }

    /// <summary>How many entries there are, the empty ones included.</summary>
    public int Places => _entries.Count;

    /// <summary>Adds a delivery and returns its tag.</summary>
    public ulong Add(QueuedMessage message)
    {
        _entries.PushBack(new(_nextTag, message));
        Count++;
        return _nextTag++;
    }

    /// <summary>Uses up a tag for a delivery that needs no settling.</summary>
    public ulong Skip() => _nextTag++;

    /// <summary>True when the tag was given out and is not settled.</summary>
    public bool IsOpen(ulong tag) => TryFind(tag, out _);

    /// <summary>Takes one delivery out; null when its tag is not open.</summary>
    public QueuedMessage? Take(ulong tag)
    {
        if (!TryFind(tag, out var index))
            return null;
        var message = _entries[index].Message;
        _entries[index] = new(tag, null);
        Count--;
        while (_entries.Count > 0 && _entries[0].Message is null)
            _entries.TryPopFront(out _);
        if (_entries.Count > Few && Count < _entries.Count / 2)
            CloseUp();
        return message;
    }

    /// <summary>Takes all up to <paramref name="tag"/>, 0 meaning all, oldest first.</summary>
    public void TakeUpTo(ulong tag, List<QueuedMessage> taken)
    {
        while (_entries.Count > 0 && (tag == 0 || _entries[0].Tag <= tag || _entries[0].Message is null) && _entries.TryPopFront(out var entry))
        {
            if (entry.Message is null)
                continue;
            taken.Add(entry.Message);
            Count--;
        }
    }

    /// <summary>The tags up to <paramref name="tag"/>, 0 meaning all, that are open.</summary>
    public IEnumerable<ulong> OpenUpTo(ulong tag)
    {
        foreach (var entry in _entries)
        {
            if (tag != 0 && entry.Tag > tag)
                yield break;
            if (entry.Message is not null)
                yield return entry.Tag;
        }
    }

    private bool TryFind(ulong tag, out int index)
    {
        index = -1;
        if (_entries.Count == 0 || tag < _entries[0].Tag)
            return false;
        // Tags only grow, so none is further back than if there were no gaps.
        var high = (int)Math.Min(tag - _entries[0].Tag, (ulong)_entries.Count - 1);
        for (var (low, at) = (0, high); low <= high; at = low + ((high - low) / 2))
        {
            var found = _entries[at].Tag;
            if (found == tag)
            {
                index = at;
                return _entries[at].Message is not null;
            }

            if (found < tag)
                low = at + 1;
            else
                high = at - 1;
        }

        return false;
    }

    private void CloseUp()
    {
        for (var rest = _entries.Count; rest > 0 && _entries.TryPopFront(out var entry); rest--)
        {
            if (entry.Message is not null)
                _entries.PushBack(entry);
        }
    }

    private readonly record struct Entry(ulong Tag, QueuedMessage? Message);
}
