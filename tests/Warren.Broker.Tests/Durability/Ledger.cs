using System.Buffers.Binary;
using Warren.Broker.Protocol;
using Warren.TestKit;

namespace Warren.Broker.Tests.Durability;

/// <summary>A way a message can go: the queue it is published to, and the one it dies into, if any.</summary>
/// <param name="Queue">The queue it comes to.</param>
/// <param name="DeadLetterQueue">The queue it is moved to when it is not acked there.</param>
/// <param name="Death">Why it is moved, as <c>x-death</c> says it.</param>
/// <param name="IsQuorum">Whether the queue counts deliveries.</param>
internal sealed record Path(string Queue, string? DeadLetterQueue = null, string? Death = null, bool IsQuorum = false);

/// <summary>What the clients know about one message on one path.</summary>
internal sealed class Entry(Path path, long id)
{
    /// <summary>The way it goes.</summary>
    public Path Path { get; } = path;

    /// <summary>Its number: the publisher, then counting up.</summary>
    public long Id { get; } = id;

    /// <summary>The broker has said that it is safe.</summary>
    public bool IsConfirmed { get; set; }

    /// <summary>An ack was sent; whether it arrived is not known.</summary>
    public bool IsAcked { get; set; }

    /// <summary>An answer came on the channel after the ack: it must not be seen again.</summary>
    public bool IsAckedForGood { get; set; }

    /// <summary>An answer came on the channel after it was rejected: it must be in the dead letter queue.</summary>
    public bool IsRejectedForGood { get; set; }

    /// <summary>The life of the broker in which it was last seen by a client, or published.</summary>
    public int Life { get; set; }

    /// <summary>The delivery count it was last seen with; -1 before that.</summary>
    public long DeliveryCount { get; set; } = -1;

    /// <inheritdoc/>
    public override string ToString() =>
        $"message {Id >> 40}/{Id & 0xFF_FFFF_FFFF} of {Path.Queue} (confirmed {IsConfirmed}, acked {IsAcked}, for good {IsAckedForGood}, rejected for good {IsRejectedForGood})";
}

/// <summary>What the clients know about all messages, and what was seen that must not be. Used by all of them at once.</summary>
internal sealed class Ledger
{
    private const int MostTold = 10;

    private readonly Lock _gate = new();
    private readonly Dictionary<(Path Path, long Id), Entry> _entries = [];
    private readonly List<string> _violations = [];

    /// <summary>How often the broker was started.</summary>
    public int Life { get; set; }

    /// <summary>Each message of which a publisher was told that it is safe.</summary>
    public AsyncCounter Confirms { get; } = new();

    /// <summary>How many messages were confirmed.</summary>
    public int ConfirmedCount => Count(entry => entry.IsConfirmed);

    /// <summary>How many messages were acked and the ack followed by an answer.</summary>
    public int AckedForGoodCount => Count(entry => entry.IsAckedForGood);

    /// <summary>All messages.</summary>
    public IReadOnlyCollection<Entry> Entries => _entries.Values;

    /// <summary>Notes that a message is about to be published.</summary>
    public Entry Publishing(Path path, long id)
    {
        var entry = new Entry(path, id) { Life = Life };
        lock (_gate)
            _entries.Add((path, id), entry);
        return entry;
    }

    /// <summary>Notes that the broker has said that messages are safe.</summary>
    public void Confirmed(IReadOnlyCollection<Entry> entries)
    {
        Change(entries, entry => entry.IsConfirmed = true);
        foreach (var _ in entries)
            Confirms.Increment();
    }

    /// <summary>Notes what was seen that must not be.</summary>
    public void Violated(string text)
    {
        lock (_gate)
            _violations.Add(text);
    }

    /// <summary>Changes entries.</summary>
    public void Change(IEnumerable<Entry> entries, Action<Entry> change)
    {
        lock (_gate)
        {
            foreach (var entry in entries)
                change(entry);
        }
    }

    /// <summary>Checks a delivery against what is known, and returns its entry; null when there is none.</summary>
    public Entry? Delivered(Path path, string queue, ReadOnlySpan<byte> body, BasicProperties properties, bool redelivered)
    {
        if (!Body.IsIntact(body, out var id))
            Violated($"A body of {body.Length} bytes in {queue} is not what was published.");
        lock (_gate)
        {
            if (!_entries.TryGetValue((path, id), out var entry))
            {
                _violations.Add($"Message {id} in {queue} was never published there.");
                return null;
            }

            if (entry.IsAckedForGood)
                _violations.Add($"It came again: {entry}");
            if (queue == path.Queue)
                CheckFirstQueue(entry, properties, redelivered);
            else
                CheckDeath(entry, properties);
            entry.Life = Life;
            return entry;
        }
    }

    /// <summary>Fails when something was seen that must not be.</summary>
    public void AssertKept(string when)
    {
        lock (_gate)
        {
            Assert.True(
                _violations.Count == 0,
                $"{_violations.Count} promises were broken ({when}):\n{string.Join("\n", _violations.Take(MostTold))}");
        }
    }

    private void CheckFirstQueue(Entry entry, BasicProperties properties, bool redelivered)
    {
        if (entry.IsRejectedForGood)
            _violations.Add($"It was rejected, and is not in the dead letter queue: {entry}");
        if (!entry.Path.IsQuorum)
            return;

        // Between two looks of clients there is at most one delivery nobody saw: the one that the kill cut off.
        long count = 0;
        properties.Headers?.TryGetInteger("x-delivery-count", out count);
        var unseen = entry.Life == Life ? 0 : 1;
        if (count < entry.DeliveryCount + 1 || count > entry.DeliveryCount + 1 + unseen)
            _violations.Add($"The delivery count is {count} after {entry.DeliveryCount}, with up to {unseen} unseen: {entry}");
        if (redelivered != count > 0)
            _violations.Add($"Redelivered is {redelivered} at a delivery count of {count}: {entry}");
        entry.DeliveryCount = count;
    }

    private void CheckDeath(Entry entry, BasicProperties properties)
    {
        var deaths = properties.Headers is { } headers && headers.TryGetValue("x-death", out var value) && value.TryGetArray(out var array) ? array : [];
        if (deaths.Count != 1 || !deaths[0].TryGetTable(out var death) || !death.TryGetText("reason", out var reason)
            || reason != entry.Path.Death || !death.TryGetText("queue", out var queue) || queue != entry.Path.Queue
            || !death.TryGetInteger("count", out var count) || count != 1)
        {
            _violations.Add($"Its x-death is {string.Join(", ", deaths)}: {entry}");
        }
    }

    private int Count(Func<Entry, bool> condition)
    {
        lock (_gate)
            return _entries.Values.Count(condition);
    }
}

/// <summary>Bodies that can be checked: the number of the message, then bytes that follow from it.</summary>
internal static class Body
{
    /// <summary>The body of a message.</summary>
    public static byte[] Of(long id)
    {
        var random = new Random(id.GetHashCode());
        var length = sizeof(long) + random.Next(500) switch
        {
            0 => 300_000,
            < 10 => random.Next(20_000),
            _ => random.Next(1_500),
        };
        var body = new byte[length];
        random.NextBytes(body);
        BinaryPrimitives.WriteInt64BigEndian(body, id);
        return body;
    }

    /// <summary>Whether it is as it was made.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> body, out long id)
    {
        id = body.Length < sizeof(long) ? -1 : BinaryPrimitives.ReadInt64BigEndian(body);
        return id >= 0 && body.SequenceEqual(Of(id));
    }
}
