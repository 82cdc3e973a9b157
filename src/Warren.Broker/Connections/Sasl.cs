using System.Text;
using Warren.Broker.Protocol;

namespace Warren.Broker.Connections;

/// <summary>The name and password a client logs in with.</summary>
internal readonly record struct Credentials(string User, byte[] Password);

/// <summary>Reads what a client answers by the mechanisms of SASL that the broker offers (AMQP 0-9-1 §1.4.2.2).</summary>
internal static class Sasl
{
    /// <summary>The mechanisms the broker offers, by their preference.</summary>
    public const string Mechanisms = $"{Plain} {AmqPlain}";

    private const string Plain = "PLAIN";
    private const string AmqPlain = "AMQPLAIN";

    /// <summary>Reads a response.</summary>
    /// <exception cref="AmqpException">503: the mechanism was not offered. 502: the response is not one of the mechanism.</exception>
    public static Credentials Read(string mechanism, ReadOnlySpan<byte> response) => mechanism switch
    {
        Plain => ReadPlain(response),
        AmqPlain => ReadAmqPlain(response),
        _ => throw AmqpException.Connection(ReplyCode.CommandInvalid, $"unknown authentication mechanism '{mechanism}'"),
    };

    /// <summary>RFC 4616: an empty identity to act as, the name and the password, each behind a zero.</summary>
    private static Credentials ReadPlain(ReadOnlySpan<byte> response)
    {
        // RabbitMQ takes no identity to act as.
        if (response is [0, .. var rest] && rest.IndexOf((byte)0) is var end and >= 0 && rest[(end + 1)..].IndexOf((byte)0) < 0)
            return new(Encoding.UTF8.GetString(rest[..end]), rest[(end + 1)..].ToArray());
        throw AmqpException.Connection(ReplyCode.SyntaxError, "response of PLAIN invalid; expected a zero, the user, a zero and the password");
    }

    /// <summary>The oldest of AMQP's mechanisms: a table's fields, without the size before it.</summary>
    private static Credentials ReadAmqPlain(ReadOnlySpan<byte> response)
    {
        var table = FieldTable.Parse(response);
        if (table.TryGetValue("LOGIN", out var user) && user.Type == FieldType.LongString
            && table.TryGetValue("PASSWORD", out var password) && password.Type == FieldType.LongString)
        {
            return new(Encoding.UTF8.GetString(user.AsOctets()), password.AsOctets().ToArray());
        }

        throw AmqpException.Connection(ReplyCode.SyntaxError, "AMQPLAIN auth info is missing LOGIN or PASSWORD field");
    }
}
