namespace Warren.Broker.Routing;

/// <summary>Follows a message through exchanges bound to exchanges, and to alternate exchanges where nothing takes it.</summary>
/// <remarks>
/// Every exchange sees a message once, whichever way it comes, so circles of bindings end. An exchange none of whose bindings fits hands
/// over to its alternate, if that exists; a binding that leads to an exchange which has seen the message still counts as fitting. As in
/// RabbitMQ the default exchange takes nothing as an alternate.
/// </remarks>
internal sealed class Router(Func<string, Exchange?> findExchange)
{
    /// <summary>Puts the queues a message goes to when it is published to this exchange into <paramref name="destinations"/>, cleared first.</summary>
    public void Route(Exchange exchange, ref RoutedMessage message, Destinations destinations)
    {
        destinations.Clear();
        destinations.AddExchange(exchange);
        for (var i = 0; i < destinations.Exchanges.Length; i++)
        {
            var current = destinations.Exchanges[i];
            var before = destinations.Additions;
            current.Route(ref message, destinations);
            if (destinations.Additions == before && current.AlternateExchange is { Length: > 0 } name && findExchange(name) is { } alternate)
                destinations.AddExchange(alternate);
        }
    }
}
