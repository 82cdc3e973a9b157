namespace Warren.Broker.Routing;

/// <summary>Routes a message to the bindings whose pattern fits its key: <c>*</c> is a word, <c>#</c> any number (AMQP 0-9-1 §3.1.3.3).</summary>
internal sealed class TopicExchange(ExchangeSettings settings) : Exchange(settings)
{
    /// <summary>The type's name.</summary>
    public const string TypeName = "topic";

    private readonly TopicTrie _trie = new();

    public override string Type => TypeName;

    public override void Route(ref RoutedMessage message, Destinations destinations)
    {
        _trie.Match(message.RoutingKey, destinations);
        foreach (var key in message.FurtherKeys)
            _trie.Match(key, destinations);
    }

    private protected override void Add(Binding binding) => _trie.Add(binding.RoutingKey, binding.Destination);

    private protected override void Remove(Binding binding) => _trie.Remove(binding.RoutingKey, binding.Destination);
}
