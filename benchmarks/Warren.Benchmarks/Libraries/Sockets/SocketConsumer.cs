using System.Buffers.Binary;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Libraries.Sockets;

/// <summary>Consumes on a bare socket: all that was received is acknowledged in one send, each message by an ack of its own or many by one.</summary>
internal sealed class SocketConsumer : IAsyncDisposable
{
    private readonly SocketConnection _connection;
    private readonly Func<bool> _handled;
    private readonly int _ackEvery;
    private readonly Action<int> _acked;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Starts to consume the queue of a job, on a thread of its own.</summary>
    /// <param name="job">The queue.</param>
    /// <param name="prefetch">How many messages may be unacknowledged.</param>
    /// <param name="ackEvery">How many messages an ack stands for.</param>
    /// <param name="handled">Told of each message; true for the last one.</param>
    /// <param name="acked">Told how many were acknowledged.</param>
    public SocketConsumer(VariantJob job, ushort prefetch, int ackEvery, Func<bool> handled, Action<int> acked)
    {
        _handled = handled;
        _ackEvery = ackEvery;
        _acked = acked;
        _connection = SocketConnection.Open(job.Broker);
        _connection.Call(60, 10, qos => qos.UInt32(0).UInt16(prefetch).Byte(0));
        // The deliveries may come with the answer, so the loop reads both.
        var consume = new FrameBatch();
        consume.Begin(SocketConnection.Channel, 60, 20).UInt16(0).ShortString(job.Queue).ShortString("bench").Byte(0).UInt32(0).End();
        _connection.Send(consume.Written);
        new Thread(Consume) { IsBackground = true, Name = "consumer" }.Start();
    }

    /// <summary>Closes the connection; fails if the consumer has failed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_ended.Task.IsCompleted)
            _connection.BeginClose();
        await _ended.Task;
        _connection.Dispose();
    }

    private void Consume()
    {
        try
        {
            Loop();
            _ended.SetResult();
        }
        catch (Exception error)
        {
            // The thread's edge: whoever disposes of the consumer gets it.
            _ended.SetException(error);
        }
    }

    private void Loop()
    {
        var acks = new FrameBatch();
        var tag = 0ul;
        var unacked = 0;
        while (_connection.Receive())
        {
            acks.Clear();
            var acked = 0;
            while (_connection.TryRead(out var frame))
            {
                if (frame.Is(60, 60))
                    tag = DeliveryTag(frame.Payload);
                if (frame.IsCloseOk)
                    return;
                if (!frame.IsBody)
                    continue;
                var last = _handled();
                if (++unacked < _ackEvery && !last)
                    continue;
                acks.Ack(SocketConnection.Channel, tag, multiple: unacked > 1);
                acked += unacked;
                unacked = 0;
            }
            _connection.Send(acks.Written);
            _acked(acked);
        }
        throw new VariantFailedException("The broker ended the connection of the consumer.");
    }

    // Behind the consumer's tag, which is a short string.
    private static ulong DeliveryTag(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt64BigEndian(payload[(5 + payload[4])..]);
}
