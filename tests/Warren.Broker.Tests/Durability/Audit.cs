using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Tests.Processes;

namespace Warren.Broker.Tests.Durability;

/// <summary>Looks at every message in every queue after a restart, holds it against the ledger, acks some and gives the others back.</summary>
/// <param name="ledger">What is known.</param>
/// <param name="random">Which are acked.</param>
/// <param name="crashed">Whether the broker was killed before: then it cannot know what was handed out of a classic queue.</param>
internal sealed class Audit(Ledger ledger, Random random, bool crashed)
{
    private const ushort Channel = 1;

    private readonly Dictionary<string, List<(ulong Tag, Entry Entry)>> _found = StormPaths.Queues.Keys.ToDictionary(queue => queue, _ => new List<(ulong, Entry)>());

    /// <summary>Looks, acks about <paramref name="share"/> of what is there, and returns how many messages there were.</summary>
    public async Task<int> RunAsync(string url, double share)
    {
        await using var client = await LoadClient.OpenAsync(url);
        await client.OpenChannelAsync(Channel);
        await CollectAsync(client);
        CheckNothingIsLost();
        CheckOrder();
        CheckTransactions();
        await AckAsync(client, share);
        client.Write(Channel, new ChannelClose(ReplyCode.Success, "", 0));
        await client.CallAsync(MethodId.ChannelCloseOk, Take);
        return _found.Values.Sum(found => found.Count);
    }

    // Everything is held until all queues are empty, so that nothing can move behind its back.
    private async Task CollectAsync(LoadClient client)
    {
        var waiting = new Dictionary<string, uint>();
        foreach (var queue in StormPaths.Queues.Keys)
            waiting[queue] = await client.DeclareAsync(Channel, queue, passive: true);
        Assert.InRange(waiting[StormPaths.Limited.Queue], 0u, (uint)StormPaths.Limit);

        foreach (var queue in StormPaths.Queues.Keys)
        {
            client.Write(Channel, new BasicConsume(queue, queue, NoLocal: false, NoAck: false, Exclusive: false, NoWait: false, FieldTable.Empty));
            await client.CallAsync(MethodId.BasicConsumeOk, Take);
        }

        bool isEmpty;
        do
        {
            isEmpty = true;
            foreach (var (queue, path) in StormPaths.Queues)
            {
                // A quorum queue may have handed out what is still on its way through the log.
                var ready = await client.DeclareAsync(Channel, queue, passive: true, before: Take);
                isEmpty &= ready == 0 && (!path.IsQuorum || _found[queue].Count >= waiting[queue]);
            }
        }
        while (!isEmpty);
    }

    private void Take(Incoming incoming)
    {
        Assert.Equal(MethodId.BasicDeliver, incoming.Method);
        var delivery = incoming.As<BasicDeliver>();
        var queue = delivery.ConsumerTag;
        var path = StormPaths.Queues[queue];
        if (ledger.Delivered(path, queue, incoming.Body, incoming.Properties, delivery.Redelivered) is not { } entry)
            return;
        _found[queue].Add((delivery.DeliveryTag, entry));
        // What only just died into its queue was never handed out there.
        if (crashed && !path.IsQuorum && queue == path.Queue && !delivery.Redelivered)
            ledger.Violated($"It is not redelivered after a crash: {entry}");
    }

    private void CheckNothingIsLost()
    {
        var places = new Dictionary<Entry, int>();
        foreach (var (_, entry) in _found.Values.SelectMany(found => found))
            places[entry] = places.GetValueOrDefault(entry) + 1;
        foreach (var entry in ledger.Entries)
        {
            var count = places.GetValueOrDefault(entry);
            if (count > 1)
                ledger.Violated($"It is there {count} times: {entry}");
            if (count == 0 && (entry.IsConfirmed || entry.IsRejectedForGood) && !entry.IsAcked)
                ledger.Violated($"It is lost: {entry}");
        }
    }

    private void CheckOrder()
    {
        // A dead letter queue has the order of the deaths; the others that of the publishers.
        foreach (var path in StormPaths.All)
        {
            var isByPriority = path == StormPaths.Priority;
            foreach (var (before, after) in _found[path.Queue].Zip(_found[path.Queue].Skip(1)))
            {
                if (isByPriority && StormPublisher.PriorityOf(before.Entry.Id) < StormPublisher.PriorityOf(after.Entry.Id))
                    ledger.Violated($"It came before a message of a higher priority: {before.Entry}");
            }

            foreach (var ofPublisher in _found[path.Queue].GroupBy(found => (found.Entry.Id >> 40, isByPriority ? StormPublisher.PriorityOf(found.Entry.Id) : 0)))
            {
                var last = -1L;
                foreach (var (_, entry) in ofPublisher)
                {
                    if (entry.Id < last)
                        ledger.Violated($"It came behind a later one: {entry}");
                    last = entry.Id;
                }
            }
        }
    }

    // A transaction published each message to both queues, and both are acked as one: half of it can never be there.
    private void CheckTransactions()
    {
        var a = _found[StormPaths.TxA.Queue].Select(found => found.Entry.Id).ToHashSet();
        a.SymmetricExceptWith(_found[StormPaths.TxB.Queue].Select(found => found.Entry.Id));
        foreach (var id in a)
            ledger.Violated($"It is in one of the two queues of a transaction only: message {id}");
    }

    private async Task AckAsync(LoadClient client, double share)
    {
        var salt = random.Next();
        var acked = _found.Values.SelectMany(found => found).Where(found => new Random(HashCode.Combine(found.Entry.Id) ^ salt).NextDouble() < share).ToArray();
        ledger.Change(acked.Select(found => found.Entry), entry => entry.IsAcked = true);
        foreach (var (tag, _) in acked)
            client.Write(Channel, new BasicAck(tag, Multiple: false));
        await client.DeclareAsync(Channel, StormPaths.Classic.Queue, passive: true, before: Take);
        ledger.Change(acked.Select(found => found.Entry), entry => entry.IsAckedForGood = true);
    }
}
