using System.Text;
using Warren.Broker.Storage;

namespace Warren.Broker.Tests.Storage;

/// <summary>Does random things to a store, and knows what has to be found of them afterwards.</summary>
internal sealed class LogModel(Random random)
{
    private readonly Dictionary<(long Queue, long Position), Entry> _entries = [];
    private readonly List<(long Queue, long Position)> _live = [];
    private readonly Dictionary<string, List<(long Lsn, string? Value)>> _definitions = [];
    private readonly Dictionary<long, long> _lastPositions = [];
    private readonly List<(StoredMessage Message, long Queue)> _held = [];
    private readonly long[] _queues = [1, 2, 3, 4];

    /// <summary>How full the store is kept.</summary>
    public int Target { get; set; } = 150;

    public void Step(MessageStore store)
    {
        var choice = random.Next(100);
        if (random.Next(300) == 0)
            DropQueue(store);
        else if (choice < 3)
            Define(store);
        else if (choice < 10 && _live.Count > 0)
            Deliver(store);
        else if (choice < 20 && _live.Count > 0)
            DeadLetter(store);
        else if (choice < 22)
            Drop(store);
        else if (_live.Count > 0 && random.Next(2 * Target) < _live.Count)
            Remove(store);
        else
            Enqueue(store);
    }

    /// <summary>Compares with what was recovered: all up to a position has to be right, and what came after it may have happened or not.</summary>
    public void Check(MessageStore recovered, long durable, string what)
    {
        var found = new Dictionary<(long, long), RecoveredMessage>();
        foreach (var (queue, messages) in recovered.Recovered.Messages)
        {
            Assert.Equal(messages.OrderBy(static message => message.Position), messages);
            foreach (var message in messages)
                found.Add((queue, message.Position), message);
        }

        foreach (var (place, entry) in _entries)
        {
            var isThere = found.Remove(place, out var message);
            if (entry.AddedLsn <= durable && entry.RemovedLsn is null)
                Assert.True(isThere, $"{what}: {place} was stored at {entry.AddedLsn}, durable up to {durable}, and is lost.");
            if (entry.RemovedLsn <= durable)
                Assert.False(isThere, $"{what}: {place} was removed at {entry.RemovedLsn}, durable up to {durable}, and is back.");
            if (!isThere)
                continue;
            Assert.True(recovered.TryRead(message.Message, out var content), $"{what}: {place} cannot be read.");
            Assert.Equal(entry.Body, Encoding.UTF8.GetString(content.Body.Span));
            Assert.Equal("m" + entry.Body[..1], Encoding.UTF8.GetString(content.Metadata.Span));
            if (entry.DeliveredLsn <= durable)
                Assert.True(message.Delivered, $"{what}: the delivery of {place} at {entry.DeliveredLsn} is forgotten.");
            if (entry.DeliveredLsn is { } delivered && delivered <= durable)
                Assert.Equal(entry.DeliveryCount, message.DeliveryCount);
            else if (entry.DeliveredLsn is null)
                Assert.False(message.Delivered);
        }
        Assert.True(found.Count == 0, $"{what}: {found.Count} places hold messages that were never stored, such as {found.Keys.FirstOrDefault()}.");

        // One record moves a message: it is in one place or the other, never in none.
        foreach (var (place, entry) in _entries.Where(static pair => pair.Value.MovedTo is not null))
        {
            var other = entry.MovedTo!.Value;
            if (entry.AddedLsn <= durable && _entries[other].RemovedLsn is null)
                Assert.True(Has(recovered, place) != Has(recovered, other), $"{what}: the move of {place} to {other} was done by half.");
        }

        var definitions = recovered.Recovered.Definitions.ToDictionary(
            static pair => Encoding.UTF8.GetString(pair.Key), static pair => Encoding.UTF8.GetString(pair.Value));
        foreach (var (key, history) in _definitions)
        {
            var before = history.FindLastIndex(change => change.Lsn <= durable);
            var possible = history.Skip(Math.Max(before, 0)).Select(static change => change.Value);
            if (before < 0)
                possible = possible.Append(null);
            Assert.True(possible.Contains(definitions.GetValueOrDefault(key)), $"{what}: definition {key} is {definitions.GetValueOrDefault(key)}.");
        }
    }

    private static bool Has(MessageStore recovered, (long Queue, long Position) place) =>
        recovered.Recovered.Messages.TryGetValue(place.Queue, out var messages) && messages.Any(message => message.Position == place.Position);

    private void Define(MessageStore store)
    {
        var key = $"definition {random.Next(20)}";
        var value = random.Next(3) == 0 ? null : $"value {random.Next()}";
        using var record = store.Begin();
        if (value is null)
            record.RemoveDefinition(Encoding.UTF8.GetBytes(key));
        else
            record.PutDefinition(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        var lsn = record.Commit(Urgent());
        if (!_definitions.TryGetValue(key, out var history))
            _definitions.Add(key, history = []);
        history.Add((lsn, value));
    }

    private void Enqueue(MessageStore store)
    {
        var first = random.Next(_queues.Length);
        var positions = _queues.Where((_, i) => i == first || random.Next(4) == 0).Select(queue => new QueuePosition(queue, NextPosition(queue))).ToList();
        var body = Body();
        using var record = store.Begin();
        var message = record.Enqueue([.. positions], Encoding.UTF8.GetBytes("m" + body[..1]), "p"u8, Encoding.UTF8.GetBytes(body));
        var lsn = record.Commit(Urgent());
        foreach (var place in positions)
            Added((place.QueueId, place.Position), message, body, lsn);
    }

    private void Remove(MessageStore store)
    {
        // Mostly from the front, as consumers do, so that segments die; but some messages stay, so that segments have to be compacted.
        var index = random.Next(4) == 0 ? random.Next(_live.Count) : random.Next(Math.Min(4, _live.Count));
        while (index < _live.Count - 1 && _live[index].Position % 16 == 0)
            index++;
        var place = _live[index];
        using var record = store.Begin();
        record.Remove(place.Queue, place.Position, _entries[place].Message);
        Removed(place, record.Commit(Urgent()));
    }

    private void Deliver(MessageStore store)
    {
        var place = _live[random.Next(_live.Count)];
        var entry = _entries[place];
        entry.DeliveryCount++;
        using var record = store.Begin();
        record.Delivered(place.Queue, place.Position, entry.DeliveryCount, entry.Message);
        entry.DeliveredLsn = record.Commit(Urgent());
    }

    private void DeadLetter(MessageStore store)
    {
        var place = _live[random.Next(_live.Count)];
        var entry = _entries[place];
        (long Queue, long Position) target = (_queues[3], NextPosition(_queues[3]));
        using var record = store.Begin();
        record.Remove(place.Queue, place.Position, entry.Message);
        var message = record.Enqueue([new(target.Queue, target.Position)], Encoding.UTF8.GetBytes("m" + entry.Body[..1]), "p"u8, Encoding.UTF8.GetBytes(entry.Body));
        var lsn = record.Commit(Urgent());
        Removed(place, lsn);
        entry.MovedTo = target;
        Added(target, message, entry.Body, lsn);
    }

    // A purge of what lies in a range, or a transaction that never was.
    private void Drop(MessageStore store)
    {
        using var record = store.Begin();
        if (random.Next(2) == 0 || _live.Count == 0)
        {
            record.Enqueue([new(_queues[0], long.MaxValue)], default, default, "never"u8);
            return;
        }
        var first = _live[random.Next(_live.Count)];
        var range = _live.Where(place => place.Queue == first.Queue && place.Position >= first.Position && place.Position < first.Position + 5).ToList();
        record.RemoveRange(first.Queue, first.Position, first.Position + 4);
        foreach (var place in range)
            record.Release(_entries[place].Message, place.Queue);
        var lsn = record.Commit(Urgent());
        range.ForEach(place => Removed(place, lsn));
    }

    // Some of its messages are with consumers, who let go of them later.
    private void DropQueue(MessageStore store)
    {
        var index = random.Next(_queues.Length);
        var queue = _queues[index];
        _queues[index] = _queues.Max() + 1;
        var all = _live.Where(place => place.Queue == queue).ToList();
        using var record = store.Begin();
        record.DropQueue(queue);
        foreach (var place in all)
        {
            var message = _entries[place].Message;
            if (random.Next(4) == 0)
                _held.Add((message, queue));
            else
                record.Release(message, queue);
        }
        foreach (var (message, from) in _held.Take(_held.Count / 2))
            record.Release(message, from);
        _held.RemoveRange(0, _held.Count / 2);
        var lsn = record.Commit(Urgent());
        all.ForEach(place => Removed(place, lsn));
    }

    private long NextPosition(long queue) => _lastPositions[queue] = _lastPositions.GetValueOrDefault(queue) + 1;

    private void Added((long Queue, long Position) place, StoredMessage message, string body, long lsn)
    {
        _entries.Add(place, new(message, body, lsn));
        _live.Add(place);
    }

    private void Removed((long Queue, long Position) place, long lsn)
    {
        _entries[place].RemovedLsn = lsn;
        _live.Remove(place);
    }

    private string Body()
    {
        var length = random.Next(50) == 0 ? random.Next(5_000, 40_000) : random.Next(1, 400);
        return new string((char)('a' + random.Next(26)), length);
    }

    private bool Urgent() => random.Next(3) > 0;

    private sealed class Entry(StoredMessage message, string body, long addedLsn)
    {
        public StoredMessage Message => message;

        public string Body => body;

        public long AddedLsn => addedLsn;

        public long? RemovedLsn { get; set; }

        public long? DeliveredLsn { get; set; }

        public int DeliveryCount { get; set; }

        public (long Queue, long Position)? MovedTo { get; set; }
    }
}
