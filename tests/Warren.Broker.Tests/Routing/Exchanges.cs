using Warren.Broker.Protocol;
using Warren.Broker.Routing;

namespace Warren.Broker.Tests.Routing;

/// <summary>A queue as far as routing knows one.</summary>
internal sealed class NamedQueue(string name) : IBindingDestination
{
    public string Name { get; } = name;

    public DestinationKind Kind => DestinationKind.Queue;

    public HashSet<Binding> Incoming { get; } = [];
}

/// <summary>Exchanges and queues by name, and where a message published to one of them would go.</summary>
internal sealed class Exchanges
{
    private readonly Dictionary<string, Exchange> _exchanges = [];
    private readonly Dictionary<string, NamedQueue> _queues = [];
    private readonly Router _router;

    public Exchanges() => _router = new Router(name => _exchanges.GetValueOrDefault(name));

    public Exchange Declare(string type, string name, params ReadOnlySpan<(string, FieldValue)> arguments)
    {
        var settings = new ExchangeSettings(name, Durable: false, AutoDelete: false, Internal: false, FieldTable.Of(arguments));
        return _exchanges[name] = Exchange.Create(type, settings) ?? throw new ArgumentException($"No exchange type is called '{type}'.");
    }

    public void Add(Exchange exchange) => _exchanges.Add(exchange.Name, exchange);

    public NamedQueue Queue(string name) => _queues.TryGetValue(name, out var queue) ? queue : _queues[name] = new NamedQueue(name);

    public NamedQueue? FindQueue(string name) => _queues.GetValueOrDefault(name);

    public Binding Bind(string source, string queue, string key, params ReadOnlySpan<(string, FieldValue)> arguments)
    {
        var binding = new Binding(_exchanges[source], Queue(queue), key, FieldTable.Of(arguments));
        _exchanges[source].Bind(binding);
        return binding;
    }

    public Binding BindExchange(string source, string destination, string key)
    {
        var binding = new Binding(_exchanges[source], _exchanges[destination], key, FieldTable.Empty);
        _exchanges[source].Bind(binding);
        return binding;
    }

    /// <summary>The names of the queues, sorted and with a space between.</summary>
    public string Route(string exchange, string key, FieldTable? headers = null, params string[] furtherKeys) =>
        Route(_exchanges[exchange], key, headers, furtherKeys);

    public string Route(Exchange exchange, string key, FieldTable? headers = null, params string[] furtherKeys)
    {
        var message = new RoutedMessage(key, headers) { FurtherKeys = furtherKeys };
        var destinations = new Destinations();
        _router.Route(exchange, ref message, destinations);
        return string.Join(' ', destinations.Queues.ToArray().Select(queue => queue.Name).Order(StringComparer.Ordinal));
    }
}
