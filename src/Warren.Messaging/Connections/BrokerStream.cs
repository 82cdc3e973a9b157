using System.Net.Sockets;

namespace Warren.Messaging.Connections;

/// <summary>The stream of a connection: fails at its end instead of being empty there, and sends together what is written in a row.</summary>
/// <remarks>
/// RabbitMQ.Client takes the end of a stream for the end of the connection only between two frames. In the middle of one it asks for the
/// rest again and again, on a processor of its own, until its heartbeats are missed: three of them, minutes. A broker that is killed or a
/// connection that is cut ends like that when a write meets the reset first and the read only finds nothing more.
/// <para>
/// It writes each command by itself: under load a system call, a packet and a broker that is woken for every acknowledgement. Here what is
/// written is put behind what waits, and the thread pool sends it once the writer has written all it had. A send that fails is told with
/// the next write; that the connection is lost, the reader finds.
/// </para>
/// </remarks>
internal sealed class BrokerStream(Socket socket) : NetworkStream(socket), IThreadPoolWorkItem
{
    // Who writes more has to wait, so that a broker that does not read holds its publishers up.
    private const int Most = 32 * 1024;

    private readonly Lock _gate = new();
    private byte[] _waiting = new byte[Most];
    private byte[] _leaving = new byte[Most];
    private int _length;
    private Sending _sending;
    private TaskCompletionSource? _free;
    private Exception? _error;

    private enum Sending
    {
        /// <summary>Nothing waits.</summary>
        Idle,

        /// <summary>What waits is sent soon.</summary>
        Scheduled,

        /// <summary>Something is being sent.</summary>
        UnderWay,
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        // A read into nothing only waits for data.
        return read > 0 || buffer.IsEmpty ? read : throw new EndOfStreamException("The broker ended the connection.");
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            ThrowIfLost();
            if (buffer.Length > Most - _length)
                return new(WriteWhenFreeAsync(buffer, cancellationToken));
            buffer.Span.CopyTo(_waiting.AsSpan(_length));
            _length += buffer.Length;
            if (_sending != Sending.Idle)
                return ValueTask.CompletedTask;
            _sending = Sending.Scheduled;
        }
        // In this thread's own queue: it comes to it when it has nothing more to write.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Before the socket is closed: sends what waits, if that takes no time.</summary>
    public void SendRest()
    {
        lock (_gate)
        {
            if (_sending != Sending.Scheduled)
                return;
            try
            {
                Socket.Blocking = false;
                Socket.Send(_waiting.AsSpan(0, _length));
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Lost, or full of what nobody reads: closing it says all there is to say.
                _error = error;
            }
            _length = 0;
        }
    }

    /// <inheritdoc/>
    void IThreadPoolWorkItem.Execute() => _ = SendAsync(default);

    // What does not fit, or is large, is sent from where it is.
    private async Task WriteWhenFreeAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!TryBegin(out var free))
            await free.WaitAsync(cancellationToken).ConfigureAwait(false);
        await SendAsync(buffer).ConfigureAwait(false);
    }

    private bool TryBegin(out Task free)
    {
        lock (_gate)
        {
            ThrowIfLost();
            if (_sending != Sending.Idle)
            {
                free = (_free ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                return false;
            }
            free = Task.CompletedTask;
            _sending = Sending.UnderWay;
            return true;
        }
    }

    // Sends the bytes, and then what waits, until nothing does.
    private async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            do
            {
                while (bytes.Length > 0)
                    bytes = bytes[await Socket.SendAsync(bytes, SocketFlags.None, CancellationToken.None).ConfigureAwait(false)..];
            }
            while (TryTake(out bytes));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            lock (_gate)
            {
                _error = error;
                _free?.TrySetResult();
            }
        }
    }

    private bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            bytes = _waiting.AsMemory(0, _length);
            if (_length == 0)
            {
                _sending = Sending.Idle;
                _free?.TrySetResult();
                _free = null;
                return false;
            }
            (_waiting, _leaving) = (_leaving, _waiting);
            _length = 0;
            _sending = Sending.UnderWay;
            return true;
        }
    }

    // Call with the gate held.
    private void ThrowIfLost()
    {
        if (_error is not null)
            throw new IOException($"The connection was lost: {_error.Message}", _error);
    }
}
