using System.Buffers;
using System.IO.Pipelines;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Queues;

namespace Warren.Broker.Connections;

/// <summary>What goes out on one connection: many write frames, one at a time sends, as much as there is in one go.</summary>
/// <remarks>
/// One send for each frame costs seven times what one for many costs, so writing only appends, and whoever finishes a batch of
/// work flushes. While a send is under way frames gather in a second buffer, because a pipe must not be written to meanwhile.
/// A reader that does not keep up is seen by <see cref="IsCongested"/>: consumers then get nothing until it does.
/// </remarks>
internal sealed class OutputBuffer(PipeWriter pipe, int frameMax, Action drained)
{
    private readonly PipeWriter _pipe = pipe;
    // What may wait for one reader before its consumers are passed over.
    private const int MostWaiting = 512 * 1024;

    private readonly Lock _gate = new();
    // Channels whose close was written. A client takes such a channel for gone as soon as it has answered, and a frame of it for an error.
    private readonly HashSet<ushort> _closing = [];
    private ArrayBufferWriter<byte> _meanwhile = new();
    private long _written;
    private long _sent;
    private long _lastDelivery;
    private bool _sending;
    private bool _wasCongested;
    private bool _closed;
    private bool _gone;
    private TaskCompletionSource? _waiter;

    /// <summary>Bytes that were written and not yet taken by the transport.</summary>
    public long Waiting => Volatile.Read(ref _written) - Volatile.Read(ref _sent);

    /// <summary>
    /// Bytes of answers that wait, about. The delivery that came last does not count: it may have any size, and a client may have to send
    /// something large itself before it reads that.
    /// </summary>
    public long Unread => Waiting - Volatile.Read(ref _lastDelivery);

    /// <summary>Bytes ever written; a connection that writes nothing owes a heartbeat.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>True while the reader does not keep up; who asks is told by <c>drained</c> when that is over, on any thread and under no lock.</summary>
    public bool IsCongested
    {
        get
        {
            if (Waiting <= MostWaiting)
                return false;
            lock (_gate)
                return _wasCongested = Waiting > MostWaiting;
        }
    }

    /// <summary>Writes a method frame.</summary>
    public void Write<T>(ushort channel, in T method) where T : struct, IAmqpMethod<T>
    {
        using var frames = new Frames(this);
        if (Takes(channel))
            FrameWriter.WriteMethod(frames.Buffer, channel, method);
    }

    /// <summary>Writes the close of a channel, and nothing more of that channel until <see cref="Reopen"/>, whoever tries; not even a second close.</summary>
    public void CloseChannel(ushort channel, in ChannelClose close)
    {
        using var frames = new Frames(this);
        if (!_closed && _closing.Add(channel))
            FrameWriter.WriteMethod(frames.Buffer, channel, close);
    }

    /// <summary>Answers a client that closes a channel, also when the broker has closed it at the same time.</summary>
    public void WriteCloseOk(ushort channel)
    {
        using var frames = new Frames(this);
        if (!_closed)
            FrameWriter.WriteMethod(frames.Buffer, channel, new ChannelCloseOk());
    }

    /// <summary>The client has answered that the channel is closed: its number may be used again.</summary>
    public void Reopen(ushort channel)
    {
        lock (_gate)
            _closing.Remove(channel);
    }

    /// <summary>Writes a method and the content that belongs to it.</summary>
    public void Write<T>(ushort channel, in T method, Message content) where T : struct, IAmqpMethod<T>
    {
        using var frames = new Frames(this);
        if (!Takes(channel))
            return;
        FrameWriter.WriteMethod(frames.Buffer, channel, method);
        FrameWriter.WriteHeader(frames.Buffer, channel, content.BodyLength, content.Properties);
        FrameWriter.WriteBody(frames.Buffer, channel, content.Body, frameMax);
    }

    /// <summary>Writes a delivery with its content; <paramref name="properties"/> are the message's own or, of a quorum queue, those with the delivery count.</summary>
    public void WriteDelivery(ushort channel, string consumerTag, ulong deliveryTag, bool redelivered, Message content, ReadOnlySpan<byte> properties)
    {
        using var frames = new Frames(this);
        if (Takes(channel))
        {
            FrameWriter.WriteDelivery(
                frames.Buffer, channel, consumerTag, deliveryTag, redelivered, content.Exchange, content.RoutingKey, properties, content.Body, frameMax);
            Volatile.Write(ref _lastDelivery, content.ContentLength);
        }
    }

    /// <summary>Writes a heartbeat frame.</summary>
    public void WriteHeartbeat()
    {
        using var frames = new Frames(this);
        if (!_closed)
            FrameWriter.WriteHeartbeat(frames.Buffer);
    }

    /// <summary>Ends the output with its connection: nothing more is written, and what the transport does not have yet goes nowhere.</summary>
    /// <remarks>The pipe must not be written to after its connection has ended, and a send may still be under way then.</remarks>
    public void Close()
    {
        lock (_gate)
            _closed = _gone = true;
    }

    /// <summary>Sends what was written, unless a send is under way, which then goes on with it.</summary>
    public void Flush()
    {
        while (BeginFlush() is { } upTo)
        {
            // Outside of the gate: with inline scheduling this is the call into the operating system.
            var flush = _pipe.FlushAsync(CancellationToken.None);
            if (!flush.IsCompletedSuccessfully)
            {
                _ = FinishAsync(flush, upTo);
                return;
            }

            EndFlush(flush.Result, upTo);
        }
    }

    /// <summary>Waits until all that was written was taken by the transport.</summary>
    public async Task FlushAsync()
    {
        while (true)
        {
            Flush();
            TaskCompletionSource waiter;
            lock (_gate)
            {
                if (_written == _sent || _gone)
                    return;
                waiter = _waiter ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            await waiter.Task;
        }
    }

    /// <summary>Waits until the transport has taken more of what was written; at once when it has all of it.</summary>
    public async Task ProgressAsync(CancellationToken cancellationToken)
    {
        Flush();
        Task progress;
        lock (_gate)
        {
            if (!_sending)
                return;
            _waiter ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            progress = _waiter.Task;
        }

        await progress.WaitAsync(cancellationToken);
    }

    private bool Takes(ushort channel) => !_closed && (_closing.Count == 0 || !_closing.Contains(channel));

    private async Task FinishAsync(ValueTask<FlushResult> flush, long upTo)
    {
        FlushResult result;
        try
        {
            result = await flush;
        }
        catch (Exception)
        {
            // Whatever it was, nobody reads any more; the connection's read loop sees that and ends everything.
            result = new(isCanceled: false, isCompleted: true);
        }

        EndFlush(result, upTo);
        Flush();
    }

    private long? BeginFlush()
    {
        lock (_gate)
        {
            if (_sending || _gone || _written == _sent)
                return null;
            _sending = true;
            return _written;
        }
    }

    private void EndFlush(FlushResult result, long upTo)
    {
        bool tell;
        TaskCompletionSource? waiter;
        lock (_gate)
        {
            _sending = false;
            _sent = upTo;
            if (result.IsCompleted || _gone)
            {
                // Nobody reads any more: what is written from now on goes nowhere.
                _closed = true;
                _gone = true;
                _sent = _written;
            }
            else if (_meanwhile.WrittenCount > 0)
            {
                _pipe.Write(_meanwhile.WrittenSpan);
            }

            // What one slow moment took is not kept for ever.
            if (_meanwhile.Capacity > 2 * MostWaiting)
                _meanwhile = new();
            _meanwhile.ResetWrittenCount();
            tell = _wasCongested && _written - _sent <= MostWaiting / 2;
            if (tell)
                _wasCongested = false;
            waiter = _waiter;
            _waiter = null;
        }

        waiter?.TrySetResult();
        if (tell)
            drained();
    }

    /// <summary>The gate, held while frames are written, and the bytes counted.</summary>
    private readonly ref struct Frames
    {
        private readonly OutputBuffer _output;
        private readonly long _before;

        public Frames(OutputBuffer output)
        {
            output._gate.Enter();
            _output = output;
            Buffer = output._sending ? output._meanwhile : output._pipe;
            _before = Length(Buffer);
        }

        public IBufferWriter<byte> Buffer { get; }

        public void Dispose()
        {
            Volatile.Write(ref _output._written, _output._written + Length(Buffer) - _before);
            _output._gate.Exit();
        }

        private static long Length(IBufferWriter<byte> buffer) =>
            buffer is PipeWriter pipe ? pipe.UnflushedBytes : ((ArrayBufferWriter<byte>)buffer).WrittenCount;
    }
}
