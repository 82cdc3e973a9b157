namespace Warren.Broker.Routing;

/// <summary>Routes a message by its headers, whatever its key (AMQP 0-9-1 §3.1.3.4).</summary>
internal sealed class HeadersExchange(ExchangeSettings settings) : Exchange(settings)
{
    /// <summary>The type's name.</summary>
    public const string TypeName = "headers";

    private readonly Dictionary<Binding, HeadersMatch> _matches = [];

    public override string Type => TypeName;

    public override void Route(ref RoutedMessage message, Destinations destinations)
    {
        if (_matches.Count == 0)
            return;
        var headers = message.Headers;
        foreach (var (binding, match) in _matches)
        {
            if (match.Fits(headers))
                destinations.Add(binding.Destination);
        }
    }

    private protected override void Validate(Binding binding) => HeadersMatch.Validate(binding.Arguments);

    private protected override void Add(Binding binding) => _matches.Add(binding, new HeadersMatch(binding.Arguments));

    private protected override void Remove(Binding binding) => _matches.Remove(binding);
}
