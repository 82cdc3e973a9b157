using Warren.Broker.Storage;

namespace Warren.Broker.Queues;

/// <summary>How much memory waiting messages take, and how their contents leave it and come back.</summary>
/// <remarks>
/// Up to <paramref name="contentLimit"/> bytes nothing leaves. Above it, the contents of messages deep in their queues do: what
/// lies in the log is simply forgotten, the rest is written to pages that are not synced. A content comes back shortly before it
/// is sent, with those of the messages behind it. Shared by all virtual hosts.
/// </remarks>
internal sealed class BodyMemory(long contentLimit, long memoryLimit, MessageStore? store, MessagePages pages, Action<bool> alarm)
{
    // What a message takes beside its content, measured: its place in a queue, its handle in the log, its texts.
    private const int Overhead = 320;

    private long _bytes;
    private long _messages;
    private int _alarmed;

    /// <summary>Bytes of contents in memory.</summary>
    public long ContentBytes => Interlocked.Read(ref _bytes);

    /// <summary>Bytes that waiting messages take in memory, about.</summary>
    public long Bytes => ContentBytes + (Interlocked.Read(ref _messages) * Overhead);

    /// <summary>Where the alarm is raised.</summary>
    public long Limit => memoryLimit;

    /// <summary>True when contents should leave memory.</summary>
    public bool IsFull => ContentBytes > contentLimit;

    /// <summary>Counts a message that now waits somewhere.</summary>
    public void Add(Message message)
    {
        if (message.IsInMemory)
            Interlocked.Add(ref _bytes, message.ContentLength);
        Interlocked.Increment(ref _messages);
        if (Bytes > memoryLimit && Interlocked.Exchange(ref _alarmed, 1) == 0)
            alarm(true);
    }

    /// <summary>Forgets a message nobody holds any more.</summary>
    public void Release(Message message)
    {
        if (message.IsInMemory)
            Interlocked.Add(ref _bytes, -message.ContentLength);
        Interlocked.Decrement(ref _messages);
        if (message.Paged is { } paged)
        {
            pages.Release(paged);
            message.Paged = null;
        }

        // Not at the limit itself, where it would come and go with every message.
        if (_alarmed == 1 && Bytes < memoryLimit / 10 * 9 && Interlocked.Exchange(ref _alarmed, 0) == 1)
            alarm(false);
    }

    /// <summary>Takes the content of a message out of memory; false when it cannot yet be read from anywhere else.</summary>
    public bool PageOut(Message message)
    {
        if (!message.IsInMemory)
            return true;
        if (message.Stored is { } stored)
        {
            if (store is null || stored.Lsn > store.DurableLsn)
                return false;
        }
        else
        {
            message.Paged ??= pages.Write(message.Properties, message.Body);
        }

        message.Forget();
        Interlocked.Add(ref _bytes, -message.ContentLength);
        return true;
    }

    /// <summary>Brings the content of a message back.</summary>
    public void Load(Message message)
    {
        if (message.IsInMemory)
            return;
        if (message.Stored is not { } stored || store is null || !store.TryRead(stored, out var found))
            found = pages.Read(message.Paged ?? throw new InvalidOperationException("The content of a message is neither in memory nor on disk."));
        var content = new byte[message.ContentLength];
        found.Properties.Span.CopyTo(content);
        found.Body.Span.CopyTo(content.AsSpan(message.PropertiesLength));
        message.Remember(content);
        Interlocked.Add(ref _bytes, content.Length);
    }

    /// <summary>Brings the content of a message back, and those of the messages behind it.</summary>
    public void Load(Message message, IEnumerable<QueuedMessage> following)
    {
        Load(message);
        foreach (var next in following)
            Load(next.Message);
    }
}
