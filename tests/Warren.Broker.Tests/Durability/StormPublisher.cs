using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Tests.Processes;

namespace Warren.Broker.Tests.Durability;

/// <summary>Publishes until the broker is gone, and notes in the ledger what was confirmed.</summary>
/// <param name="number">The upper part of the numbers of its messages.</param>
internal sealed class StormPublisher(int number, Ledger ledger, int seed)
{
    private const int Window = 64;
    private const byte Persistent = 2;

    private static readonly Path[] Choices =
    [
        StormPaths.Classic, StormPaths.Quorum, StormPaths.Priority, StormPaths.Doubtful, StormPaths.Brief, StormPaths.Limited, StormPaths.CopyA,
    ];

    private static readonly byte[] Properties = new BasicProperties { DeliveryMode = Persistent }.Encode();
    private static readonly byte[][] Priorities =
        [.. Enumerable.Range(0, StormPaths.HighestPriority + 1).Select(priority => new BasicProperties { DeliveryMode = Persistent, Priority = (byte)priority }.Encode())];

    private readonly Random _random = new(seed);
    private long _next;

    /// <summary>The priority a message is published with; it follows from its number.</summary>
    public static int PriorityOf(long id) => (int)(id % (StormPaths.HighestPriority + 1));

    /// <summary>Publishes with confirms until the broker is gone.</summary>
    public async Task PublishAsync(string url)
    {
        try
        {
            await using var client = await LoadClient.OpenAsync(url);
            await client.OpenConfirmingChannelAsync(1);
            var unconfirmed = new Queue<Entry[]>();
            var confirmed = 0UL;
            while (true)
            {
                while (unconfirmed.Count < Window)
                    unconfirmed.Enqueue(PublishOne(client, Choices[_random.Next(Choices.Length)]));
                await client.FlushAsync();

                var incoming = await client.ReadAsync();
                Assert.Equal(MethodId.BasicAck, incoming.Method);
                var ack = incoming.As<BasicAck>();
                Assert.True(ack.DeliveryTag == confirmed + 1 || ack is { Multiple: true } && ack.DeliveryTag > confirmed, $"{ack} after {confirmed} confirms");
                for (; confirmed < ack.DeliveryTag; confirmed++)
                    ledger.Confirmed(unconfirmed.Dequeue());
            }
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // It was killed, which is the point.
        }
    }

    /// <summary>Publishes in transactions of a few messages for two queues until the broker is gone.</summary>
    public async Task CommitAsync(string url)
    {
        try
        {
            await using var client = await LoadClient.OpenAsync(url);
            await client.OpenChannelAsync(1);
            client.Write(1, new TxSelect());
            await client.CallAsync(MethodId.TxSelectOk);
            while (true)
            {
                var entries = new List<Entry>();
                for (var count = _random.Next(1, 10); count > 0; count--)
                    entries.AddRange(PublishOne(client, StormPaths.TxA));
                client.Write(1, new TxCommit());
                await client.CallAsync(MethodId.TxCommitOk);
                ledger.Confirmed(entries);
            }
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // It was killed, which is the point.
        }
    }

    private Entry[] PublishOne(LoadClient client, Path path)
    {
        var id = ((long)number << 40) + _next++;
        var body = Body.Of(id);
        var properties = path == StormPaths.Priority ? Priorities[PriorityOf(id)] : Properties;
        var also = path == StormPaths.CopyA ? StormPaths.CopyB : path == StormPaths.TxA ? StormPaths.TxB : null;
        Entry[] entries = also is null ? [ledger.Publishing(path, id)] : [ledger.Publishing(path, id), ledger.Publishing(also, id)];
        if (path == StormPaths.CopyA)
        {
            client.Publish(1, Encoding.UTF8.GetBytes(StormPaths.Copies), [], properties, body);
            return entries;
        }

        foreach (var entry in entries)
            client.Publish(1, [], Encoding.UTF8.GetBytes(entry.Path.Queue), properties, body);
        return entries;
    }

    /// <inheritdoc/>
    public override string ToString() => number.ToString(CultureInfo.InvariantCulture);
}
