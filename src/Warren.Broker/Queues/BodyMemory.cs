using Microsoft.Extensions.Logging;
using Warren.Broker.Storage;

namespace Warren.Broker.Queues;

/// <summary>How much memory waiting messages take, and how their contents leave it and come back.</summary>
/// <remarks>
/// Up to <paramref name="contentLimit"/> bytes nothing leaves. Above it, the contents of messages deep in their queues do, and of
/// those that consumers hold: what lies in the log is simply forgotten, the rest is written to pages that are not synced. A content
/// comes back shortly before it is sent, with those of the messages behind it. Shared by all virtual hosts.
/// </remarks>
internal sealed partial class BodyMemory(
    long contentLimit, long memoryLimit, MessageStore? store, MessagePages pages, Action<bool> alarm, ILogger logger)
{
    // What a message takes beside its content, measured: its place in a queue, its handle in the log, its texts.
    private const int Overhead = 320;

    // How much comes back with the content that is needed.
    private const int ReadAheadBytes = 1024 * 1024;

    private readonly Lock _alarmGate = new();
    private long _bytes;
    private long _messages;
    private volatile bool _alarmed;
    private volatile bool _cannotPage;

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
        Interlocked.Increment(ref _messages);
        Grow(message.IsInMemory ? message.ContentLength : 0);
    }

    /// <summary>Forgets a message nobody holds any more.</summary>
    public void Release(Message message)
    {
        Interlocked.Decrement(ref _messages);
        if (message.Paged is { } paged)
        {
            pages.Release(paged);
            message.Paged = null;
        }

        Shrink(message.IsInMemory ? message.ContentLength : 0);
    }

    /// <summary>Counts bytes of a message that is not all there yet.</summary>
    public void Grow(long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        if (!_alarmed && Bytes > memoryLimit)
            SetAlarm();
    }

    /// <summary>Counts such bytes no longer.</summary>
    public void Shrink(long bytes)
    {
        Interlocked.Add(ref _bytes, -bytes);
        if (_alarmed)
            SetAlarm();
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
        else if (message.Paged is null && !TryWrite(message))
        {
            return false;
        }

        message.Forget();
        Shrink(message.ContentLength);
        return true;
    }

    /// <summary>Brings the content of a message back; false when it cannot be read, which is logged.</summary>
    public bool TryLoad(Message message)
    {
        if (message.IsInMemory)
            return true;
        try
        {
            if (message.Stored is { } stored && store is not null && store.TryRead(stored, out var found))
                Remember(message, found);
            else if (message.Paged is { } paged)
                Remember(message, pages.Read(paged));
            else
                Log.Lost(logger, message.ContentLength);
            return message.IsInMemory;
        }
        catch (StorageException error)
        {
            Log.Unreadable(logger, message.ContentLength, error);
            return false;
        }
    }

    /// <summary>Brings the content of a message back, and those of the messages behind it as far as that goes.</summary>
    public bool TryLoad(Message message, IEnumerable<QueuedMessage> following)
    {
        if (!TryLoad(message))
            return false;
        var ahead = new List<Message>();
        var bytes = 0L;
        foreach (var next in following)
        {
            bytes += next.Message.ContentLength;
            if (bytes > ReadAheadBytes)
                break;
            if (!next.Message.IsInMemory)
                ahead.Add(next.Message);
        }

        LoadAhead(ahead);
        return true;
    }

    private void LoadAhead(List<Message> messages)
    {
        try
        {
            var stored = messages.Where(message => message.Stored is not null).ToArray();
            if (stored.Length > 0 && store is not null)
            {
                // Neighbours in the log are read with one call.
                var contents = new MessageContent?[stored.Length];
                store.ReadMany(Array.ConvertAll(stored, message => message.Stored!), contents);
                for (var i = 0; i < stored.Length; i++)
                {
                    if (contents[i] is { } content)
                        Remember(stored[i], content);
                }
            }

            foreach (var message in messages)
            {
                if (!message.IsInMemory && message.Paged is { } paged)
                    Remember(message, pages.Read(paged));
            }
        }
        catch (StorageException)
        {
            // The one that cannot be read is told when it is its turn.
        }
    }

    private void Remember(Message message, in MessageContent found)
    {
        var content = new byte[message.ContentLength];
        found.Properties.Span.CopyTo(content);
        found.Body.Span.CopyTo(content.AsSpan(message.PropertiesLength));
        message.Remember(content);
        Grow(content.Length);
    }

    // What cannot be written stays in memory, until the alarm says that there is too much of it.
    private bool TryWrite(Message message)
    {
        try
        {
            message.Paged = pages.Write(message.Properties, message.Body);
            _cannotPage = false;
            return true;
        }
        catch (StorageException error)
        {
            if (!_cannotPage)
                Log.CannotPage(logger, error);
            _cannotPage = true;
            return false;
        }
    }

    // One at a time: an alarm that was raised after it had been cleared would stand for ever.
    private void SetAlarm()
    {
        lock (_alarmGate)
        {
            while (IsTooMuch() is var alarmed && alarmed != _alarmed)
            {
                alarm(alarmed);
                _alarmed = alarmed;
                // Who has changed the bytes since they were looked at may not have seen that the alarm stands, or stands no more.
                Interlocked.MemoryBarrier();
            }
        }
    }

    // Not cleared at the limit itself, where it would come and go with every message.
    private bool IsTooMuch() => _alarmed ? Bytes >= memoryLimit - (memoryLimit / 10) : Bytes > memoryLimit;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The content of a message, {Length} bytes, cannot be read; the message is passed over, and if the log has it comes again at the next start")]
        public static partial void Unreadable(ILogger logger, int length, Exception error);

        [LoggerMessage(LogLevel.Error, "The content of a message, {Length} bytes, is neither in memory nor on disk; the message is passed over")]
        public static partial void Lost(ILogger logger, int length);

        [LoggerMessage(LogLevel.Warning, "The contents of waiting messages cannot be written to disk, and stay in memory")]
        public static partial void CannotPage(ILogger logger, Exception error);
    }
}
