using Warren.Broker.Protocol;

namespace Warren.Broker.Routing;

/// <summary>A way from an exchange to a queue or another exchange; two with the same content are the same binding.</summary>
/// <remarks>As in RabbitMQ the order of the arguments does not matter, their types do.</remarks>
internal sealed class Binding(Exchange source, IBindingDestination destination, string routingKey, FieldTable arguments) : IEquatable<Binding>
{
    /// <summary>Where messages come from.</summary>
    public Exchange Source { get; } = source;

    /// <summary>Where they go.</summary>
    public IBindingDestination Destination { get; } = destination;

    /// <summary>What the exchange compares with a message's own key, if its type does.</summary>
    public string RoutingKey { get; } = routingKey;

    /// <summary>The arguments by name; a headers exchange compares them with a message's headers.</summary>
    public FieldTable Arguments { get; } = arguments.Sorted();

    /// <summary>Removes all bindings that lead to a queue or exchange that is being deleted, and returns them.</summary>
    public static IReadOnlyList<Binding> RemoveAllTo(IBindingDestination destination)
    {
        Binding[] removed = [.. destination.Incoming];
        foreach (var binding in removed)
            binding.Source.Unbind(binding);
        return removed;
    }

    public bool Equals(Binding? other) =>
        other is not null
        && Source.Name == other.Source.Name
        && Destination.Kind == other.Destination.Kind
        && Destination.Name == other.Destination.Name
        && RoutingKey == other.RoutingKey
        && Arguments.Equals(other.Arguments);

    public override bool Equals(object? obj) => Equals(obj as Binding);

    public override int GetHashCode() => HashCode.Combine(Source.Name, Destination.Kind, Destination.Name, RoutingKey, Arguments);

    public override string ToString() => $"{Source.Name} -> {Destination.Kind} {Destination.Name} by '{RoutingKey}' {Arguments}";
}
