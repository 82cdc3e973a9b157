using Warren.Broker.Protocol;

namespace Warren.Broker.Connections;

/// <summary>What a client has said it understands beyond AMQP 0-9-1, in the <c>capabilities</c> of its properties.</summary>
[Flags]
internal enum ClientCapabilities
{
    None = 0,
    PublisherConfirms = 1,
    ExchangeToExchangeBindings = 2,
    BasicNack = 4,
    ConsumerCancelNotify = 8,
    ConnectionBlocked = 16,
    AuthenticationFailureClose = 32,
}

/// <summary>Reads the capabilities of a client.</summary>
internal static class ClientCapabilitiesTable
{
    private static readonly (string Name, ClientCapabilities Capability)[] Names =
    [
        ("publisher_confirms", ClientCapabilities.PublisherConfirms),
        ("exchange_exchange_bindings", ClientCapabilities.ExchangeToExchangeBindings),
        ("basic.nack", ClientCapabilities.BasicNack),
        ("consumer_cancel_notify", ClientCapabilities.ConsumerCancelNotify),
        ("connection.blocked", ClientCapabilities.ConnectionBlocked),
        ("authentication_failure_close", ClientCapabilities.AuthenticationFailureClose),
    ];

    /// <summary>The capabilities in a client's properties: those that are the boolean true, as RabbitMQ has it.</summary>
    public static ClientCapabilities Read(FieldTable clientProperties)
    {
        var all = ClientCapabilities.None;
        if (!clientProperties.TryGetValue("capabilities", out var value) || !value.TryGetTable(out var table))
            return all;
        foreach (var (name, capability) in Names)
        {
            if (table.TryGetBoolean(name, out var has) && has)
                all |= capability;
        }

        return all;
    }
}
