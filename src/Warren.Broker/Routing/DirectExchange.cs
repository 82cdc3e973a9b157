namespace Warren.Broker.Routing;

/// <summary>Routes a message to the bindings of exactly its key (AMQP 0-9-1 §3.1.3.1).</summary>
internal sealed class DirectExchange(ExchangeSettings settings) : Exchange(settings)
{
    /// <summary>The type's name.</summary>
    public const string TypeName = "direct";

    private readonly Dictionary<string, DestinationSet> _byKey = new(StringComparer.Ordinal);

    public override string Type => TypeName;

    public override void Route(ref RoutedMessage message, Destinations destinations)
    {
        Route(message.RoutingKey, destinations);
        foreach (var key in message.FurtherKeys)
            Route(key, destinations);
    }

    private protected override void Add(Binding binding)
    {
        if (!_byKey.TryGetValue(binding.RoutingKey, out var destinations))
            _byKey.Add(binding.RoutingKey, destinations = new DestinationSet());
        destinations.Add(binding.Destination);
    }

    private protected override void Remove(Binding binding)
    {
        var destinations = _byKey[binding.RoutingKey];
        destinations.Remove(binding.Destination);
        if (destinations.Count == 0)
            _byKey.Remove(binding.RoutingKey);
    }

    private void Route(string key, Destinations destinations)
    {
        if (_byKey.TryGetValue(key, out var bound))
            destinations.AddAll(bound);
    }
}
