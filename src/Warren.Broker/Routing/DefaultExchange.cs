using System.Diagnostics;
using Warren.Broker.Protocol;

namespace Warren.Broker.Routing;

/// <summary>The exchange without a name, to which every queue is bound by its own name (AMQP 0-9-1 §2.1.2.4).</summary>
/// <remarks>Nothing else can be bound to it; whoever takes binds from clients refuses those.</remarks>
internal sealed class DefaultExchange(Func<string, IBindingDestination?> findQueue)
    : Exchange(new ExchangeSettings("", Durable: true, AutoDelete: false, Internal: false, FieldTable.Empty))
{
    public override string Type => DirectExchange.TypeName;

    public override void Route(ref RoutedMessage message, Destinations destinations)
    {
        Route(message.RoutingKey, destinations);
        foreach (var key in message.FurtherKeys)
            Route(key, destinations);
    }

    private protected override void Validate(Binding binding) =>
        throw new InvalidOperationException($"The default exchange has the bindings of its queues' names and no others; it was given {binding}.");

    private protected override void Add(Binding binding) => throw new UnreachableException();

    private protected override void Remove(Binding binding) => throw new UnreachableException();

    private void Route(string key, Destinations destinations)
    {
        if (findQueue(key) is { } queue)
            destinations.Add(queue);
    }
}
