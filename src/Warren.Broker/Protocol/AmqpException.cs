namespace Warren.Broker.Protocol;

/// <summary>A rule of the protocol was broken: the channel or, where the code says so, the connection is closed with this code and text.</summary>
/// <remarks>RabbitMQ's texts begin with the name of the code; <see cref="Exception.Message"/> is the whole of it, as it goes on the wire.
/// An empty text leaves the name alone, which is what RabbitMQ says where its own process failed over the bytes it got.</remarks>
internal sealed class AmqpException(ReplyCode code, string text, bool closesConnection) : Exception(Fit(text.Length == 0 ? NameOf(code) : $"{NameOf(code)} - {text}"))
{
    /// <summary>The longest reply text, in octets: it travels as a short string.</summary>
    public const int MaxTextSize = AmqpWriter.MaxShortString;

    /// <summary>What went wrong, for the peer's program.</summary>
    public ReplyCode Code { get; } = code;

    /// <summary>True when nothing more is to be understood of this peer, false when only the channel ends.</summary>
    public bool ClosesConnection { get; } = closesConnection;

    /// <summary>False when the close names no method as the one that failed: its arguments were not even read.</summary>
    public bool NamesMethod { get; init; } = true;

    /// <summary>An error that ends the channel: not found, precondition failed, access refused, resource locked.</summary>
    public static AmqpException Channel(ReplyCode code, string text) => new(code, text, closesConnection: false);

    /// <summary>An error that ends the connection: bytes or methods that cannot be understood or are not allowed.</summary>
    public static AmqpException Connection(ReplyCode code, string text) => new(code, text, closesConnection: true);

    /// <summary>The code's name as RabbitMQ writes it: <c>PRECONDITION_FAILED</c>.</summary>
    public static string NameOf(ReplyCode code) =>
        string.Concat(code.ToString().Select((letter, i) => i > 0 && char.IsUpper(letter) ? $"_{letter}" : char.ToUpperInvariant(letter).ToString()));

    /// <summary>Cuts a text to what a reply can carry, ending it with three dots where it was longer, as RabbitMQ does.</summary>
    private static string Fit(string text)
    {
        if (WireText.GetSize(text) <= MaxTextSize)
            return text;
        var length = Math.Min(text.Length, MaxTextSize - 3);
        while (WireText.GetSize(text[..length]) > MaxTextSize - 3 || char.IsHighSurrogate(text[length - 1]))
            length--;
        return text[..length] + "...";
    }
}
