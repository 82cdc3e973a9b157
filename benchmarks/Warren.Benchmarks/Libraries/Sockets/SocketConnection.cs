using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Libraries.Sockets;

/// <summary>A frame in the receive buffer, good until the next is received.</summary>
/// <param name="type">1 a method, 2 a content header, 3 a body.</param>
/// <param name="payload">What is in it.</param>
internal readonly ref struct SocketFrame(byte type, ReadOnlySpan<byte> payload)
{
    /// <summary>Its payload.</summary>
    public ReadOnlySpan<byte> Payload { get; } = payload;

    /// <summary>Whether it is a body.</summary>
    public bool IsBody => type == 3;

    /// <summary>Whether it is <c>connection.close-ok</c>, after which the broker waits for the client to hang up.</summary>
    public bool IsCloseOk => Is(10, 51);

    /// <summary>Whether it is this method.</summary>
    public bool Is(ushort classId, ushort methodId) =>
        type == 1
        && BinaryPrimitives.ReadUInt16BigEndian(Payload) == classId
        && BinaryPrimitives.ReadUInt16BigEndian(Payload[2..]) == methodId;
}

/// <summary>A connection with one channel on a blocking socket; one thread sends and one receives.</summary>
internal sealed class SocketConnection : IDisposable
{
    /// <summary>The number of its channel.</summary>
    public const ushort Channel = 1;

    private const int FrameOverhead = 8;
    private const int LeastRoom = 64 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly FrameBatch _batch = new();
    private byte[] _received = new byte[256 * 1024];
    private int _start;
    private int _end;

    private SocketConnection()
    {
    }

    /// <summary>Connects, logs in and opens the channel.</summary>
    public static SocketConnection Open(string url)
    {
        var connection = new SocketConnection();
        try
        {
            connection.Handshake(new Uri(url));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Calls a method of the channel and waits for its answer, which is the method with the next number.</summary>
    public void Call(ushort classId, ushort methodId, Action<FrameBatch>? arguments = null)
    {
        Send(Channel, classId, methodId, arguments);
        Expect(classId, (ushort)(methodId + 1));
    }

    /// <summary>Closes the connection in order: the broker has then taken all that was sent.</summary>
    public void Close()
    {
        BeginClose();
        Expect(10, 51);
    }

    /// <summary>Asks the broker to close the connection after all that was sent; the thread that receives then meets <see cref="SocketFrame.IsCloseOk"/>.</summary>
    public void BeginClose()
    {
        var close = new FrameBatch();
        close.Begin(0, 10, 50).UInt16(200).ShortString("done").UInt32(0).End();
        Send(close.Written);
    }

    /// <summary>Sends everything of a batch.</summary>
    public void Send(ReadOnlySpan<byte> frames)
    {
        while (!frames.IsEmpty)
            frames = frames[_socket.Send(frames)..];
    }

    /// <summary>Waits for more input; false at its end.</summary>
    public bool Receive()
    {
        if (_start == _end)
            _start = _end = 0;
        if (_received.Length - _end < LeastRoom)
        {
            var left = _received.AsSpan(_start, _end - _start);
            if (left.Length > _received.Length / 2)
                _received = [.. left, .. new byte[_received.Length]];
            else
                left.CopyTo(_received);
            (_start, _end) = (0, left.Length);
        }
        var count = _socket.Receive(_received.AsSpan(_end));
        _end += count;
        return count > 0;
    }

    /// <summary>Takes the next frame that is there in full.</summary>
    /// <exception cref="VariantFailedException">The broker closes the channel or the connection.</exception>
    public bool TryRead(out SocketFrame frame)
    {
        frame = default;
        var input = _received.AsSpan(_start, _end - _start);
        if (input.Length < FrameOverhead)
            return false;
        var size = BinaryPrimitives.ReadInt32BigEndian(input[3..]);
        if (input.Length < size + FrameOverhead)
            return false;
        frame = new(input[0], input.Slice(7, size));
        _start += size + FrameOverhead;
        if (frame.Is(10, 50) || frame.Is(20, 40))
            throw new VariantFailedException($"The broker closed: {Encoding.UTF8.GetString(frame.Payload.Slice(7, frame.Payload[6]))}");
        return true;
    }

    public void Dispose() => _socket.Dispose();

    private void Handshake(Uri url)
    {
        _socket.Connect(url.Host, url.Port);
        Send("AMQP\0\0\u0009\u0001"u8);
        Expect(10, 10);
        Send(0, 10, 11, login => login.UInt32(0).ShortString("PLAIN").LongString("\0" + url.UserInfo.Replace(':', '\0')).ShortString("en_US"));
        var tune = Expect(10, 30).Payload[4..];
        var (channelMax, frameMax) = (BinaryPrimitives.ReadUInt16BigEndian(tune), BinaryPrimitives.ReadUInt32BigEndian(tune[2..]));
        Send(0, 10, 31, answer => answer.UInt16(channelMax).UInt32(frameMax).UInt16(0));
        Send(0, 10, 40, static open => open.ShortString("/").ShortString("").Byte(0));
        Expect(10, 41);
        Call(20, 10, static open => open.ShortString(""));
    }

    private void Send(ushort channel, ushort classId, ushort methodId, Action<FrameBatch>? arguments)
    {
        _batch.Clear();
        _batch.Begin(channel, classId, methodId);
        arguments?.Invoke(_batch);
        _batch.End();
        Send(_batch.Written);
    }

    // Deliveries and confirms that come before the answer are of no use any more.
    private SocketFrame Expect(ushort classId, ushort methodId)
    {
        while (true)
        {
            while (TryRead(out var frame))
            {
                if (frame.Is(classId, methodId))
                    return frame;
            }
            if (!Receive())
                throw new VariantFailedException($"The broker ended the connection where method {classId}.{methodId} was expected.");
        }
    }
}
