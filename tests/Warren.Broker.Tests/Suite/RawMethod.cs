using System.Globalization;

namespace Warren.Broker.Tests.Suite;

/// <summary>A method as it was sent: its name and its arguments by the specification's names.</summary>
public sealed record RawMethod(ushort Channel, string Name, IReadOnlyDictionary<string, object?> Arguments)
{
    /// <summary>One argument.</summary>
    public object? this[string argument] => Arguments[argument];

    /// <summary>A number among the arguments, as the widest type.</summary>
    public long Number(string argument) => Convert.ToInt64(Arguments[argument], CultureInfo.InvariantCulture);

    /// <summary>A text among the arguments.</summary>
    public string Text(string argument) => (string)Arguments[argument]!;

    /// <inheritdoc/>
    public override string ToString() => $"{Channel}: {Name}({string.Join(", ", Arguments.Select(pair => $"{pair.Key}={pair.Value}"))})";
}

/// <summary>A method with its content: properties by the specification's names, and the whole body.</summary>
public sealed record RawContent(RawMethod Method, IReadOnlyDictionary<string, object?> Properties, byte[] Body);

/// <summary>A frame as it is on the wire, without its end octet.</summary>
public sealed record RawFrame(byte Type, ushort Channel, byte[] Payload);

/// <summary>What a bare client answers to <c>connection.start</c> and <c>connection.tune</c>.</summary>
public sealed record RawTuning
{
    /// <summary>The user; its password is its name. The default is that of the URL.</summary>
    public string? User { get; init; }

    /// <summary>The password. The default is the user's name.</summary>
    public string? Password { get; init; }

    /// <summary>The mechanism of the login. The default is PLAIN.</summary>
    public string Mechanism { get; init; } = "PLAIN";

    /// <summary>The virtual host. The default is that of the URL.</summary>
    public string? VirtualHost { get; init; }

    /// <summary>The highest channel number. The default is what the broker offers.</summary>
    public ushort? ChannelMax { get; init; }

    /// <summary>The longest frame. The default is what the broker offers.</summary>
    public uint? FrameMax { get; init; }

    /// <summary>Seconds between heartbeats. The default is none.</summary>
    public ushort Heartbeat { get; init; }

    /// <summary>The capabilities the client says it has. The default is all that RabbitMQ knows.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } =
        ["publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify", "connection.blocked", "authentication_failure_close"];
}
