using Warren.Broker.Protocol;

namespace Warren.Broker.Routing;

/// <summary>RabbitMQ's sender-selected distribution: the headers CC and BCC name further routing keys of a message.</summary>
internal static class CarbonCopies
{
    /// <summary>The header whose keys the receivers see.</summary>
    public const string Open = "CC";

    /// <summary>The header that is taken off before delivery.</summary>
    public const string Blind = "BCC";

    /// <summary>The further keys; items of the lists that are no text are passed over.</summary>
    /// <exception cref="AmqpException">406: a header of one of these names is no list.</exception>
    public static string[] KeysOf(FieldTable headers)
    {
        var keys = new List<string>();
        AddKeys(headers, Open, keys);
        AddKeys(headers, Blind, keys);
        return [.. keys];
    }

    private static void AddKeys(FieldTable headers, string name, List<string> keys)
    {
        if (!headers.TryGetValue(name, out var header))
            return;
        if (!header.TryGetArray(out var items))
        {
            var type = ErlangTerm.NameOf(header.Type);
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, $"invalid message: {{unacceptable_type_in_header,\"{name}\",{type}}}");
        }

        foreach (var item in items)
        {
            if (item.TryGetText(out var key))
                keys.Add(key);
        }
    }
}
