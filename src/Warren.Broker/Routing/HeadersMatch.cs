using Warren.Broker.Protocol;

namespace Warren.Broker.Routing;

/// <summary>The arguments of a binding to a headers exchange, made ready to be held against headers by RabbitMQ's rules.</summary>
/// <remarks>
/// <c>x-match</c> is <c>all</c> (also when absent) or <c>any</c>, which pass over arguments whose names begin with <c>x-</c>, or one of
/// them with <c>-with-x</c> behind, which do not. No argument at all fits everything under all and nothing under any.
/// </remarks>
internal sealed class HeadersMatch
{
    private const string MatchArgument = "x-match";
    private const string WithX = "-with-x";

    private readonly FieldEntry[] _wanted;
    private readonly bool _any;

    /// <summary>A match of the binding's sorted arguments.</summary>
    public HeadersMatch(FieldTable arguments)
    {
        arguments.TryGetText(MatchArgument, out var kind);
        _any = kind is "any" or "any" + WithX;
        var withX = kind is "all" + WithX or "any" + WithX;
        _wanted = [.. arguments.Entries.ToArray().Where(argument =>
            argument.Name != MatchArgument && (withX || !argument.Name.StartsWith("x-", StringComparison.Ordinal)))];
    }

    /// <summary>Refuses an <c>x-match</c> nobody knows, in RabbitMQ's words.</summary>
    /// <exception cref="AmqpException">406: it is of another type or value.</exception>
    public static void Validate(FieldTable arguments)
    {
        if (!arguments.TryGetValue(MatchArgument, out var match))
            return;
        if (!match.TryGetText(out var kind))
            throw Refusal($"Invalid x-match field type {ErlangTerm.NameOf(match.Type)} (value {ErlangTerm.OfValue(match)}); expected longstr");
        if (kind is not ("all" or "any" or "all" + WithX or "any" + WithX))
            throw Refusal($"Invalid x-match field value {ErlangTerm.OfValue(match)}; expected all, any, all-with-x, or any-with-x");

        static AmqpException Refusal(string text) => AmqpException.Channel(ReplyCode.PreconditionFailed, text);
    }

    /// <summary>True when these sorted headers have what the binding wants.</summary>
    public bool Fits(FieldTable headers)
    {
        // Both are sorted, so one walk over both is enough. Of names that come twice the first stands against the first.
        var entries = headers.Entries;
        var at = 0;
        foreach (var (name, value) in _wanted)
        {
            int order;
            while ((order = at < entries.Length ? string.CompareOrdinal(entries[at].Name, name) : 1) < 0)
                at++;
            var fits = order == 0 && (value.Type == FieldType.Void || HeaderValues.AreEqual(value, entries[at].Value));
            if (order == 0)
                at++;
            if (fits == _any)
                return _any;
        }

        return !_any;
    }
}
