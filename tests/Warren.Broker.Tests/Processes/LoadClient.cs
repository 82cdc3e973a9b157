using System.Buffers;
using System.Net.Sockets;
using System.Text;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Tests.Processes;

/// <summary>An AMQP client for load: writes gather until they are flushed, reads take what comes in order, and it does nothing by itself.</summary>
internal sealed class LoadClient : IAsyncDisposable
{
    private const int FrameMax = 131_072;
    private const int SmallestRead = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Socket _socket;
    private readonly ArrayBufferWriter<byte> _output = new();
    private byte[] _input = new byte[2 * SmallestRead];
    private int _start;
    private int _end;

    private LoadClient(Socket socket) => _socket = socket;

    /// <summary>Bytes that were written and not flushed.</summary>
    public int Unflushed => _output.WrittenCount;

    /// <summary>Logs in and opens the virtual host of the URL, as a client that understands confirms and <c>connection.blocked</c>.</summary>
    public static async Task<LoadClient> OpenAsync(string url)
    {
        var address = new Uri(url);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var client = new LoadClient(socket);
        try
        {
            await socket.ConnectAsync(address.Host, address.Port);
            var login = address.UserInfo.Split(':');
            client._output.Write(ProtocolHeader.Bytes);
            await client.CallAsync(MethodId.ConnectionStart);
            var capabilities = FieldTable.Of(("publisher_confirms", true), ("basic.nack", true), ("consumer_cancel_notify", true), ("connection.blocked", true));
            client.Write(0, new ConnectionStartOk(
                FieldTable.Of(("capabilities", capabilities)), "PLAIN", Encoding.UTF8.GetBytes($"\0{login[0]}\0{login[1]}"), "en_US"));
            await client.CallAsync(MethodId.ConnectionTune);
            client.Write(0, new ConnectionTuneOk(2_047, FrameMax, 0));
            client.Write(0, new ConnectionOpen(Uri.UnescapeDataString(address.AbsolutePath[1..]) is { Length: > 0 } name ? name : "/"));
            await client.CallAsync(MethodId.ConnectionOpenOk);
            return client;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Writes a method.</summary>
    public void Write<T>(ushort channel, in T method) where T : struct, IAmqpMethod<T> => FrameWriter.WriteMethod(_output, channel, method);

    /// <summary>Writes a message with encoded properties.</summary>
    public void Publish(ushort channel, ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body)
    {
        FrameWriter.WriteMethod(_output, channel, new BasicPublish(exchange, routingKey, mandatory: false, immediate: false));
        FrameWriter.WriteHeader(_output, channel, body.Length, properties);
        if (body.Length > 0)
            FrameWriter.WriteBody(_output, channel, body, FrameMax);
    }

    /// <summary>Writes the begin of a message whose body does not follow.</summary>
    public void Announce(ushort channel, ReadOnlySpan<byte> exchange, long bodySize)
    {
        FrameWriter.WriteMethod(_output, channel, new BasicPublish(exchange, [], mandatory: false, immediate: false));
        FrameWriter.WriteHeader(_output, channel, bodySize, new BasicProperties().Encode());
    }

    /// <summary>Sends what was written.</summary>
    public async Task FlushAsync()
    {
        using var giveUp = new CancellationTokenSource(Patience, TimeProvider.System);
        for (var rest = _output.WrittenMemory; !rest.IsEmpty;)
            rest = rest[await _socket.SendAsync(rest, giveUp.Token)..];
        _output.ResetWrittenCount();
    }

    /// <summary>Sends what was written and reads up to the method that answers it; what comes before goes to <paramref name="before"/>.</summary>
    public async Task<Incoming> CallAsync(MethodId answer, Action<Incoming>? before = null)
    {
        await FlushAsync();
        while (true)
        {
            var incoming = await ReadAsync();
            if (incoming.Method == answer)
                return incoming;
            if (before is null)
                throw new InvalidOperationException($"The broker sent {incoming.Method} where {answer} was expected.");
            before(incoming);
        }
    }

    /// <summary>Opens a channel.</summary>
    public Task OpenChannelAsync(ushort channel)
    {
        Write(channel, new ChannelOpen());
        return CallAsync(MethodId.ChannelOpenOk);
    }

    /// <summary>Opens a channel in confirm mode.</summary>
    public async Task OpenConfirmingChannelAsync(ushort channel)
    {
        await OpenChannelAsync(channel);
        Write(channel, new ConfirmSelect(NoWait: false));
        await CallAsync(MethodId.ConfirmSelectOk);
    }

    /// <summary>Declares a queue and returns how many messages wait in it.</summary>
    public async Task<uint> DeclareAsync(
        ushort channel, string queue, FieldTable? arguments = null, bool durable = true, bool passive = false, Action<Incoming>? before = null)
    {
        Write(channel, new QueueDeclare(queue, passive, durable, Exclusive: false, AutoDelete: false, NoWait: false, arguments ?? FieldTable.Empty));
        return (await CallAsync(MethodId.QueueDeclareOk, before)).As<QueueDeclareOk>().MessageCount;
    }

    /// <summary>The next method, with its content.</summary>
    /// <exception cref="EndOfStreamException">The broker is gone.</exception>
    /// <exception cref="InvalidOperationException">The broker closed the connection or a channel.</exception>
    public async ValueTask<Incoming> ReadAsync()
    {
        while (true)
        {
            if (await ReadFrameAsync() is not { } method)
                continue;
            var incoming = new Incoming(method.Channel, method.Payload);
            if (incoming.Method is MethodId.ConnectionClose)
                throw new InvalidOperationException($"The broker closed the connection: {incoming.As<ConnectionClose>()}");
            if (incoming.Method is MethodId.ChannelClose)
                throw new InvalidOperationException($"The broker closed the channel: {incoming.As<ChannelClose>()}");
            if (incoming.Method is MethodId.BasicDeliver or MethodId.BasicGetOk or MethodId.BasicReturn)
                await ReadContentAsync(incoming);
            return incoming;
        }
    }

    /// <summary>Hangs up without a word.</summary>
    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask ReadContentAsync(Incoming incoming)
    {
        var header = await ReadFrameAsync() ?? throw new InvalidOperationException("The broker sent a heartbeat within a message.");
        incoming.Begin(header.Payload);
        while (!incoming.IsComplete)
        {
            var body = await ReadFrameAsync() ?? throw new InvalidOperationException("The broker sent a heartbeat within a message.");
            incoming.Append(body.Payload);
        }
    }

    // Null for a heartbeat. The payload is good until the next read.
    private async ValueTask<(ushort Channel, ReadOnlyMemory<byte> Payload)?> ReadFrameAsync()
    {
        while (true)
        {
            var buffer = new ReadOnlySequence<byte>(_input, _start, _end - _start);
            if (FrameReader.TryRead(ref buffer, FrameMax, out var frame))
            {
                _start = _end - (int)buffer.Length;
                return frame.Type == FrameType.Heartbeat ? null : (frame.Channel, frame.Payload.First);
            }

            if (_input.Length - _end < SmallestRead)
                MakeRoom();
            using var giveUp = new CancellationTokenSource(Patience, TimeProvider.System);
            var received = await ReceiveAsync(giveUp.Token);
            if (received == 0)
                throw new EndOfStreamException("The broker closed the socket.");
            _end += received;
        }
    }

    private async ValueTask<int> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _socket.ReceiveAsync(_input.AsMemory(_end), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The broker sent nothing for {Patience}.");
        }
    }

    private void MakeRoom()
    {
        var waiting = _input.AsSpan(_start, _end - _start);
        var target = waiting.Length > _input.Length / 2 ? new byte[_input.Length * 2] : _input;
        waiting.CopyTo(target);
        (_input, _start, _end) = (target, 0, waiting.Length);
    }
}
