namespace Warren.Broker.Routing;

/// <summary>Where one message goes: each queue once, however many ways lead there. Made once and cleared for every message.</summary>
internal sealed class Destinations
{
    private readonly UniqueList<IBindingDestination> _queues = new();
    private readonly UniqueList<Exchange> _exchanges = new();

    /// <summary>The queues, each once.</summary>
    public ReadOnlySpan<IBindingDestination> Queues => _queues.Items;

    /// <summary>The exchanges the message was or will be seen by, each once and in that order.</summary>
    public ReadOnlySpan<Exchange> Exchanges => _exchanges.Items;

    /// <summary>How often a destination was added, the same ones counted again.</summary>
    public int Additions { get; private set; }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _queues.Clear();
        _exchanges.Clear();
        Additions = 0;
    }

    /// <summary>Adds a queue or an exchange unless it is here already.</summary>
    public void Add(IBindingDestination destination)
    {
        Additions++;
        if (destination is Exchange exchange)
            _exchanges.Add(exchange);
        else
            _queues.Add(destination);
    }

    /// <summary>Adds all of these, which differ from one another.</summary>
    public void AddAll(DestinationSet destinations)
    {
        // Where no queue is yet they cannot equal one: a fanout to thousands needs no set.
        var first = _queues.Count == 0;
        Additions += destinations.Count;
        foreach (var (destination, _) in destinations.Entries)
        {
            if (destination is Exchange exchange)
                _exchanges.Add(exchange);
            else if (first)
                _queues.AddNew(destination);
            else
                _queues.Add(destination);
        }
    }

    /// <summary>Adds an exchange unless it is here already; not a destination that was found, but a stop on the way.</summary>
    public void AddExchange(Exchange exchange) => _exchanges.Add(exchange);
}
