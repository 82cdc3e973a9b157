using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Warren.Broker.Tests.Suite;

/// <summary>An AMQP client that says exactly what a test tells it and hears every frame in order: for what a good client hides or never does.</summary>
/// <remarks>Nothing is read before the test asks for it, and nothing is answered for it but by <see cref="OpenAsync"/>.</remarks>
public sealed class RawAmqpClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly byte[] Hello = "AMQP\0\0\u0009\u0001"u8.ToArray();

    private readonly Socket _socket;
    private readonly Uri _url;

    private RawAmqpClient(Socket socket, Uri url)
    {
        _socket = socket;
        _url = url;
        VirtualHost = Uri.UnescapeDataString(url.AbsolutePath[1..]);
    }

    /// <summary>The virtual host of the URL.</summary>
    public string VirtualHost { get; }

    /// <summary>What the broker said in <c>connection.start</c>.</summary>
    public RawMethod? Start { get; private set; }

    /// <summary>What the broker said in <c>connection.tune</c>.</summary>
    public RawMethod? Tune { get; private set; }

    /// <summary>Connects to the broker and says nothing.</summary>
    public static async Task<RawAmqpClient> ConnectAsync(string url)
    {
        var address = new Uri(url);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port);
        return new RawAmqpClient(socket, address);
    }

    /// <summary>Connects, logs in and opens the virtual host.</summary>
    public static async Task<RawAmqpClient> OpenAsync(string url, RawTuning? tuning = null)
    {
        var client = await ConnectAsync(url);
        await client.TuneAsync(tuning);
        await client.SendAsync(0, "connection.open", ("virtual-host", tuning?.VirtualHost ?? client.VirtualHost));
        await client.ExpectAsync(0, "connection.open-ok");
        return client;
    }

    /// <summary>Says the protocol header, as it should be.</summary>
    public Task SendHelloAsync() => SendBytesAsync(Hello);

    /// <summary>Goes through the opening up to <c>connection.start-ok</c>, which is sent.</summary>
    public async Task LogInAsync(RawTuning? tuning = null)
    {
        tuning ??= new();
        await SendHelloAsync();
        Start = await ExpectAsync(0, "connection.start");
        var login = _url.UserInfo.Split(':');
        var user = tuning.User ?? login[0];
        var password = tuning.Password ?? tuning.User ?? login[1];
        await SendAsync(
            0,
            "connection.start-ok",
            ("client-properties", new Dictionary<string, object?> { ["capabilities"] = tuning.Capabilities.ToDictionary(name => name, object? (_) => true) }),
            ("mechanism", tuning.Mechanism),
            ("response", tuning.Mechanism == "AMQPLAIN"
                ? RawCodec.Table(new Dictionary<string, object?> { ["LOGIN"] = user, ["PASSWORD"] = password })[4..]
                : Encoding.UTF8.GetBytes($"\0{user}\0{password}")),
            ("locale", "en_US"));
    }

    /// <summary>Goes through the opening up to <c>connection.tune-ok</c>, which is sent.</summary>
    public async Task TuneAsync(RawTuning? tuning = null)
    {
        tuning ??= new();
        await LogInAsync(tuning);
        Tune = await ExpectAsync(0, "connection.tune");
        await SendAsync(
            0,
            "connection.tune-ok",
            ("channel-max", tuning.ChannelMax ?? Tune["channel-max"]),
            ("frame-max", tuning.FrameMax ?? Tune["frame-max"]),
            ("heartbeat", tuning.Heartbeat));
    }

    /// <summary>Opens a channel.</summary>
    public Task<RawMethod> OpenChannelAsync(ushort channel) => CallAsync(channel, "channel.open");

    /// <summary>Sends octets as they are.</summary>
    public async Task SendBytesAsync(params byte[][] parts)
    {
        using var giveUp = new CancellationTokenSource(Patience, TimeProvider.System);
        for (ReadOnlyMemory<byte> rest = parts.SelectMany(part => part).ToArray(); !rest.IsEmpty;)
            rest = rest[await _socket.SendAsync(rest, giveUp.Token)..];
    }

    /// <summary>Sends a method; arguments that are not given are zero, empty or false.</summary>
    public Task SendAsync(ushort channel, string method, params (string Name, object? Value)[] arguments) =>
        SendBytesAsync(RawCodec.Method(channel, method, arguments));

    /// <summary>Sends a method and returns its answer, the <c>-ok</c> of the same name, which must be the next thing the broker says.</summary>
    public async Task<RawMethod> CallAsync(ushort channel, string method, params (string Name, object? Value)[] arguments)
    {
        await SendAsync(channel, method, arguments);
        return await ExpectAsync(channel, method + "-ok");
    }

    /// <summary>Sends a message in one write: the method, the header and, unless it is empty, one body frame.</summary>
    public Task PublishAsync(
        ushort channel,
        string exchange,
        string routingKey,
        string body,
        bool mandatory = false,
        params (string Name, object? Value)[] properties)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return SendBytesAsync(
            RawCodec.Method(channel, "basic.publish", ("exchange", exchange), ("routing-key", routingKey), ("mandatory", mandatory)),
            RawCodec.Header(channel, (ulong)bytes.Length, properties.ToDictionary(pair => pair.Name, pair => pair.Value)),
            bytes.Length > 0 ? RawCodec.Body(channel, bytes) : []);
    }

    /// <summary>The next frame, heartbeats too.</summary>
    /// <exception cref="EndOfStreamException">The broker closed the connection instead.</exception>
    public async Task<RawFrame> ReceiveFrameAsync()
    {
        var head = await ReceiveBytesAsync(7);
        var rest = await ReceiveBytesAsync(BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(3)) + 1);
        Assert.Equal(0xCE, rest[^1]);
        return new RawFrame(head[0], BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(1)), rest[..^1]);
    }

    /// <summary>The next frame that is no heartbeat, which must be a method.</summary>
    public async Task<RawMethod> ReceiveAsync()
    {
        while (true)
        {
            var frame = await ReceiveFrameAsync();
            if (frame.Type == RawCodec.HeartbeatFrame)
                continue;
            Assert.Equal(RawCodec.MethodFrame, frame.Type);
            return RawCodec.ReadMethod(frame);
        }
    }

    /// <summary>The next method, which must be this one on this channel.</summary>
    public async Task<RawMethod> ExpectAsync(ushort channel, string method)
    {
        var received = await ReceiveAsync();
        Assert.True((received.Channel, received.Name) == (channel, method), $"Expected {channel}: {method}, received {received}");
        return received;
    }

    /// <summary>The next method, which must be this one, with the content that follows it.</summary>
    public async Task<RawContent> ExpectContentAsync(ushort channel, string method)
    {
        var received = await ExpectAsync(channel, method);
        var header = await ReceiveFrameAsync();
        Assert.Equal((RawCodec.HeaderFrame, channel), (header.Type, header.Channel));
        var (size, properties) = RawCodec.ReadHeader(header);
        var body = new List<byte>();
        while ((ulong)body.Count < size)
        {
            var part = await ReceiveFrameAsync();
            Assert.Equal((RawCodec.BodyFrame, channel), (part.Type, part.Channel));
            body.AddRange(part.Payload);
        }

        return new RawContent(received, properties, [.. body]);
    }

    /// <summary>Asserts that the broker answers a method with a close of its channel, exactly so; <c>{vhost}</c> stands for the virtual host's name.</summary>
    public async Task ChannelRefusesAsync(ushort channel, int code, string text, string method, params (string Name, object? Value)[] arguments)
    {
        await SendAsync(channel, method, arguments);
        await ExpectChannelCloseAsync(channel, code, text, method);
    }

    /// <summary>Asserts that the broker answers a method with a close of the connection, exactly so; <c>{vhost}</c> stands for the virtual host's name.</summary>
    public async Task ConnectionRefusesAsync(ushort channel, int code, string text, string method, params (string Name, object? Value)[] arguments)
    {
        await SendAsync(channel, method, arguments);
        await ExpectConnectionCloseAsync(code, text, method);
    }

    /// <summary>Asserts that the next method closes the channel with exactly this code and text, naming the method at fault, and answers it.</summary>
    public async Task ExpectChannelCloseAsync(ushort channel, int code, string text, string? method)
    {
        await ExpectRefusalAsync(channel, "channel.close", code, text, method);
        await SendAsync(channel, "channel.close-ok");
    }

    /// <summary>Asserts that the next method closes the connection with exactly this code and text, naming the method at fault, answers it and waits for the end.</summary>
    public async Task ExpectConnectionCloseAsync(int code, string text, string? method)
    {
        await ExpectRefusalAsync(0, "connection.close", code, text, method);
        await SendAsync(0, "connection.close-ok");
        await ExpectEndAsync();
    }

    /// <summary>Asserts that the broker closes the socket and says nothing more.</summary>
    public async Task ExpectEndAsync() => Assert.Equal(0, await ReceiveSomeAsync(new byte[1]));

    /// <summary>The next octets.</summary>
    public async Task<byte[]> ReceiveBytesAsync(int count)
    {
        var bytes = new byte[count];
        for (var rest = bytes.AsMemory(); !rest.IsEmpty;)
        {
            var received = await ReceiveSomeAsync(rest);
            if (received == 0)
                throw new EndOfStreamException("The broker closed the connection.");
            rest = rest[received..];
        }

        return bytes;
    }

    /// <summary>Hangs up without a word.</summary>
    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task ExpectRefusalAsync(ushort channel, string close, int code, string text, string? method)
    {
        var received = await ExpectAsync(channel, close);
        var shape = method is null ? null : RawSpecification.Named(method);
        Assert.Equal(
            $"{code} {text.Replace("{vhost}", VirtualHost, StringComparison.Ordinal)} ({shape?.ClassId ?? 0}.{shape?.MethodId ?? 0})",
            $"{received["reply-code"]} {received["reply-text"]} ({received["class-id"]}.{received["method-id"]})");
    }

    private async Task<int> ReceiveSomeAsync(Memory<byte> buffer)
    {
        using var giveUp = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            return await _socket.ReceiveAsync(buffer, giveUp.Token);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The broker hung up while it still had input of ours: an end all the same.
            return 0;
        }
    }
}
