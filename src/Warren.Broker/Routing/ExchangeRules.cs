using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Routing;

/// <summary>Which exchanges every virtual host has, and how one may be declared; texts are RabbitMQ's.</summary>
internal static class ExchangeRules
{
    /// <summary>The exchanges every virtual host begins with.</summary>
    public static IEnumerable<Exchange> Predeclared(Func<string, IBindingDestination?> findQueue) =>
    [
        new DefaultExchange(findQueue),
        new DirectExchange(Durable("amq.direct")),
        new FanoutExchange(Durable("amq.fanout")),
        new TopicExchange(Durable("amq.topic")),
        new HeadersExchange(Durable("amq.headers")),
        new HeadersExchange(Durable("amq.match")),
        new TopicExchange(Durable("amq.rabbitmq.trace") with { Internal = true }),
    ];

    /// <summary>Refuses a type that is not known.</summary>
    /// <exception cref="AmqpException">503.</exception>
    public static void CheckType(string type)
    {
        if (type.Length == 0)
            throw AmqpException.Connection(ReplyCode.CommandInvalid, "invalid exchange type ''");
        if (type is not (DirectExchange.TypeName or FanoutExchange.TypeName or TopicExchange.TypeName or HeadersExchange.TypeName))
            throw AmqpException.Connection(ReplyCode.CommandInvalid, $"unknown exchange type '{type}'");
    }

    /// <summary>Refuses to declare an exchange again as another.</summary>
    /// <exception cref="AmqpException">406, with what was asked for and what there is.</exception>
    public static void CheckSame(Exchange current, in ExchangeDeclare asked, string described)
    {
        Equivalence.Demand(current.Type, asked.Type, "type", described);
        Equivalence.Demand(current.Durable, asked.Durable, "durable", described);
        Equivalence.Demand(current.AutoDelete, asked.AutoDelete, "auto_delete", described);
        Equivalence.Demand(current.Internal, asked.Internal, "internal", described);
        Equivalence.Demand(current.Arguments, asked.Arguments, "alternate-exchange", described);
    }

    private static ExchangeSettings Durable(string name) => new(name, Durable: true, AutoDelete: false, Internal: false, FieldTable.Empty);
}
