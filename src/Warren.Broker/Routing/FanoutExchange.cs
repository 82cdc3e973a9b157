namespace Warren.Broker.Routing;

/// <summary>Routes every message to all that is bound (AMQP 0-9-1 §3.1.3.2).</summary>
internal sealed class FanoutExchange(ExchangeSettings settings) : Exchange(settings)
{
    /// <summary>The type's name.</summary>
    public const string TypeName = "fanout";

    private readonly DestinationSet _destinations = new();

    public override string Type => TypeName;

    public override void Route(ref RoutedMessage message, Destinations destinations) => destinations.AddAll(_destinations);

    private protected override void Add(Binding binding) => _destinations.Add(binding.Destination);

    private protected override void Remove(Binding binding) => _destinations.Remove(binding.Destination);
}
