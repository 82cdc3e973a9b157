using System.Net;
using Warren.Broker.Protocol;

namespace Warren.Broker.Connections;

/// <summary>What a client and the broker have agreed on when <c>connection.open-ok</c> was sent.</summary>
/// <param name="User">Who has logged in.</param>
/// <param name="VirtualHost">The name of the virtual host that was opened.</param>
/// <param name="Limits">The limits both keep to.</param>
/// <param name="Client">What the client has said of itself.</param>
/// <param name="Ends">The two ends of the connection.</param>
/// <param name="Heartbeat">Its heartbeat, which begins when whoever serves the connection starts it.</param>
internal sealed record Session(User User, string VirtualHost, SessionLimits Limits, ClientProgram Client, ConnectionEnds Ends, Heartbeat Heartbeat)
{
    /// <summary>When it was opened.</summary>
    public required DateTimeOffset OpenedAt { get; init; }

    /// <summary>The largest frame in bytes, its eight octets of overhead included.</summary>
    public int FrameMax => Limits.FrameMax;

    /// <summary>The most channels at a time.</summary>
    public int ChannelMax => Limits.ChannelMax;

    /// <summary>The client's end.</summary>
    public IPEndPoint RemoteEndPoint => Ends.Remote;

    /// <summary>True when the client wants to hear of <c>connection.blocked</c>.</summary>
    public bool UnderstandsBlocked => Client.Can(ClientCapabilities.ConnectionBlocked);

    /// <summary>True when the client wants to hear that the broker has canceled one of its consumers.</summary>
    public bool UnderstandsCancel => Client.Can(ClientCapabilities.ConsumerCancelNotify);
}

/// <summary>The limits of a connection as the client has chosen them within the broker's offer (AMQP 0-9-1 §1.4.2.6).</summary>
/// <param name="FrameMax">The largest frame in bytes, its eight octets of overhead included.</param>
/// <param name="ChannelMax">The most channels at a time.</param>
/// <param name="Heartbeat">How often either side shows that it lives; zero is never.</param>
internal readonly record struct SessionLimits(int FrameMax, int ChannelMax, TimeSpan Heartbeat);

/// <summary>The program at the other end, in its own words (AMQP 0-9-1 §1.4.2.2).</summary>
/// <param name="Properties">All its properties.</param>
/// <param name="Capabilities">What it understands beyond AMQP 0-9-1.</param>
/// <param name="Mechanism">How it has logged in: <c>PLAIN</c> or <c>AMQPLAIN</c>.</param>
internal sealed record ClientProgram(FieldTable Properties, ClientCapabilities Capabilities, string Mechanism)
{
    /// <summary>The name its owner gave the connection; null when none was given.</summary>
    public string? ConnectionName => Properties.TryGetText("connection_name", out var name) ? name : null;

    /// <summary>True when the client understands this.</summary>
    public bool Can(ClientCapabilities capability) => (Capabilities & capability) == capability;
}

/// <summary>The two ends of a connection.</summary>
/// <param name="Remote">The client's.</param>
/// <param name="Local">The broker's.</param>
/// <param name="IsEncrypted">True when TLS is between them.</param>
internal sealed record ConnectionEnds(IPEndPoint Remote, IPEndPoint Local, bool IsEncrypted)
{
    /// <summary>True when nobody but a program of this machine can be at the other end. Like RabbitMQ it looks at the broker's end.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Local.Address.IsIPv4MappedToIPv6 ? Local.Address.MapToIPv4() : Local.Address);

    /// <summary>The connection's name as RabbitMQ writes it: <c>127.0.0.1:41234 -> 127.0.0.1:5672</c>.</summary>
    public override string ToString() => $"{Text(Remote)} -> {Text(Local)}";

    private static string Text(IPEndPoint end) =>
        end.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(end.Address.MapToIPv4(), end.Port).ToString() : end.ToString();
}
