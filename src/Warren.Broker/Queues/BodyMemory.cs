using Warren.Broker.Storage;

namespace Warren.Broker.Queues;

/// <summary>How much of the contents of waiting messages is in memory, and how they leave it and come back.</summary>
/// <remarks>
/// Up to <paramref name="limit"/> bytes nothing leaves. Above it, messages deep in their queues do: what lies in the log is
/// simply forgotten, the rest is written to pages that are not synced. The content comes back shortly before it is sent.
/// Shared by all virtual hosts.
/// </remarks>
internal sealed class BodyMemory(long limit, MessageStore? store, MessagePages pages)
{
    private long _bytes;

    /// <summary>Bytes of contents in memory.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>True when contents should leave memory.</summary>
    public bool IsFull => Bytes > limit;

    /// <summary>Counts the content of a message that now waits somewhere.</summary>
    public void Add(Message message) => Interlocked.Add(ref _bytes, message.ContentLength);

    /// <summary>Forgets a message nobody holds any more.</summary>
    public void Release(Message message)
    {
        if (message.IsInMemory)
            Interlocked.Add(ref _bytes, -message.ContentLength);
        if (message.Paged is { } paged)
        {
            pages.Release(paged);
            message.Paged = null;
        }
    }

    /// <summary>Takes the content of a message out of memory; false when it cannot yet be read from anywhere else.</summary>
    public bool PageOut(Message message)
    {
        if (!message.IsInMemory)
            return true;
        if (message.Stored is { } stored)
        {
            if (store is null || !store.IsWritten(stored))
                return false;
        }
        else
        {
            message.Paged ??= pages.Write(message.Content);
        }

        message.Forget();
        Interlocked.Add(ref _bytes, -message.ContentLength);
        return true;
    }

    /// <summary>Brings the content of a message back, and on the way those of the messages behind it.</summary>
    public void Load(Message message, IEnumerable<QueuedMessage> following)
    {
        LoadOne(message);
        foreach (var next in following)
            LoadOne(next.Message);
    }

    private void LoadOne(Message message)
    {
        if (message.IsInMemory)
            return;
        var content = new byte[message.ContentLength];
        if (message.Stored is { } stored && store is not null)
            store.Read(stored, content);
        else
            pages.Read(message.Paged!, content);
        message.Remember(content);
        Interlocked.Add(ref _bytes, content.Length);
    }
}
