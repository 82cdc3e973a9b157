namespace Warren.Broker.Protocol;

/// <summary>Whether something may be declared again: only as what it is (AMQP 0-9-1 §1.7.2.1 of the reference). Texts are RabbitMQ's.</summary>
internal static class Equivalence
{
    /// <summary>Refuses a property that differs.</summary>
    /// <exception cref="AmqpException">406, with what was asked for and what there is.</exception>
    public static void Demand(bool current, bool asked, string name, string resource) => Demand(Word(current), Word(asked), name, resource);

    /// <summary>Refuses a property that differs.</summary>
    /// <exception cref="AmqpException">406, with what was asked for and what there is.</exception>
    public static void Demand(string current, string asked, string name, string resource)
    {
        if (current != asked)
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, $"inequivalent arg '{name}' for {resource}: received '{asked}' but current is '{current}'");
    }

    /// <summary>Refuses an argument that differs; integers are the same in every width.</summary>
    /// <exception cref="AmqpException">406, with what was asked for and what there is.</exception>
    public static void Demand(FieldTable current, FieldTable asked, string name, string resource)
    {
        var has = current.TryGetValue(name, out var currentValue);
        var wants = asked.TryGetValue(name, out var askedValue);
        if (!has && !wants)
            return;
        if (has && wants)
        {
            if (currentValue != askedValue && !(currentValue.IsInteger && askedValue.IsInteger && currentValue.Bits == askedValue.Bits))
                Demand(currentValue.ToString(), askedValue.ToString(), name, resource);
            return;
        }

        throw AmqpException.Channel(
            ReplyCode.PreconditionFailed, $"inequivalent arg '{name}' for {resource}: received {Describe(wants, askedValue)} but current is {Describe(has, currentValue)}");
    }

    private static string Describe(bool given, FieldValue value) => given ? $"the value '{value}' of type '{ErlangTerm.NameOf(value.Type)}'" : "none";

    private static string Word(bool value) => value ? "true" : "false";
}
