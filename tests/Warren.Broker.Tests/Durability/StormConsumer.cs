using System.Net.Sockets;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Tests.Processes;

namespace Warren.Broker.Tests.Durability;

/// <summary>
/// Consumes one queue until the broker is gone: acks, or rejects every other message where there is a dead letter queue, and asks
/// for an answer now and then. What was settled before an answer is settled for good.
/// </summary>
internal sealed class StormConsumer(Path path, Ledger ledger, int seed)
{
    private const ushort Prefetch = 100;

    private readonly Random _random = new(seed);
    private readonly List<Entry> _acked = [];
    private readonly List<Entry> _rejected = [];
    private List<(ulong Tag, Entry Entry)> _held = [];

    /// <summary>Consumes until the broker is gone.</summary>
    public async Task ConsumeAsync(string url)
    {
        try
        {
            await using var client = await LoadClient.OpenAsync(url);
            for (ushort channel = 1; ; channel = (ushort)(channel % 100 + 1))
                await ConsumeAsync(client, channel);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // It was killed, which is the point. What was sent may have arrived, or not.
            Forget();
        }
    }

    // Until it closes the channel itself.
    private async Task ConsumeAsync(LoadClient client, ushort channel)
    {
        await client.OpenConfirmingChannelAsync(channel);
        client.Write(channel, new BasicQos(0, Prefetch, Global: false));
        await client.CallAsync(MethodId.BasicQosOk);
        client.Write(channel, new BasicConsume(path.Queue, "", NoLocal: false, NoAck: false, Exclusive: false, NoWait: false, FieldTable.Empty));
        await client.CallAsync(MethodId.BasicConsumeOk);
        while (true)
        {
            Take(await client.ReadAsync());
            if (_held.Count < _random.Next(1, 30))
                continue;
            Settle(client, channel);
            if (_random.Next(5) > 0)
                await client.FlushAsync();
            else if (!await AskAsync(client, channel))
                return;
        }
    }

    private void Take(Incoming incoming)
    {
        // The confirm of a message that went nowhere, in an answer that was not waited for.
        if (incoming.Method == MethodId.BasicAck)
            return;
        Assert.Equal(MethodId.BasicDeliver, incoming.Method);
        var delivery = incoming.As<BasicDeliver>();
        if (ledger.Delivered(path, path.Queue, incoming.Body, incoming.Properties, delivery.Redelivered) is { } entry)
            _held.Add((delivery.DeliveryTag, entry));
    }

    private void Settle(LoadClient client, ushort channel)
    {
        if (path.DeadLetterQueue is null)
        {
            var last = _random.Next(_held.Count);
            var settled = _held[..(last + 1)].Select(held => held.Entry).ToArray();
            ledger.Change(settled, entry => entry.IsAcked = true);
            client.Write(channel, new BasicAck(_held[last].Tag, Multiple: true));
            _acked.AddRange(settled);
            _held = _held[(last + 1)..];
            return;
        }

        foreach (var (tag, entry) in _held)
        {
            if (_random.Next(2) == 0)
            {
                ledger.Change([entry], entry => entry.IsAcked = true);
                client.Write(channel, new BasicAck(tag, Multiple: false));
                _acked.Add(entry);
            }
            else
            {
                client.Write(channel, new BasicReject(tag, Requeue: false));
                _rejected.Add(entry);
            }
        }

        _held = [];
    }

    // False when the channel was closed.
    private async Task<bool> AskAsync(LoadClient client, ushort channel)
    {
        var closes = false;
        switch (_random.Next(6))
        {
            case 0:
                client.Write(channel, new BasicQos(0, Prefetch, Global: false));
                await client.CallAsync(MethodId.BasicQosOk, Take);
                break;
            case 1:
                await client.DeclareAsync(channel, path.Queue, passive: true, before: Take);
                break;
            case 2:
                // A transient message for nobody: its confirm is an answer too.
                client.Publish(channel, [], "nobody"u8, new BasicProperties().Encode(), "?"u8);
                await client.CallAsync(MethodId.BasicAck, Take);
                break;
            case 3:
                client.Write(channel, new BasicGet(path.Queue, NoAck: false));
                await GetAsync(client);
                break;
            case 4:
                client.Write(channel, new BasicRecover(Requeue: true));
                await client.CallAsync(MethodId.BasicRecoverOk, Take);
                // The tags are void, and the messages come again.
                _held = [];
                break;
            default:
                client.Write(channel, new ChannelClose(ReplyCode.Success, "", 0));
                await client.CallAsync(MethodId.ChannelCloseOk, Take);
                closes = true;
                break;
        }

        ledger.Change(_acked, entry => entry.IsAckedForGood = true);
        ledger.Change(_rejected, entry => entry.IsRejectedForGood = true);
        Forget(held: closes);
        return !closes;
    }

    private async Task GetAsync(LoadClient client)
    {
        await client.FlushAsync();
        while (true)
        {
            var incoming = await client.ReadAsync();
            if (incoming.Method == MethodId.BasicGetEmpty)
                return;
            if (incoming.Method != MethodId.BasicGetOk)
            {
                Take(incoming);
                continue;
            }

            var got = incoming.As<BasicGetOk>();
            if (ledger.Delivered(path, path.Queue, incoming.Body, incoming.Properties, got.Redelivered) is { } entry)
                _held.Add((got.DeliveryTag, entry));
            return;
        }
    }

    private void Forget(bool held = true)
    {
        _acked.Clear();
        _rejected.Clear();
        if (held)
            _held = [];
    }

    /// <inheritdoc/>
    public override string ToString() => $"consumer of {path.Queue}";
}
