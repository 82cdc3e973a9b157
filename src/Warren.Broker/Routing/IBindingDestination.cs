namespace Warren.Broker.Routing;

/// <summary>What a binding leads to: a queue, or another exchange.</summary>
internal interface IBindingDestination
{
    /// <summary>The name, unique among the queues or among the exchanges of a virtual host.</summary>
    string Name { get; }

    /// <summary>Whether messages end here or go on.</summary>
    DestinationKind Kind { get; }

    /// <summary>
    /// The bindings that lead here, kept by <see cref="Exchange.Bind"/> and <see cref="Exchange.Unbind"/>; the destination only holds the
    /// set, so that removing it costs what its own bindings cost and no search.
    /// </summary>
    HashSet<Binding> Incoming { get; }
}

/// <summary>The kinds of destination.</summary>
internal enum DestinationKind
{
    Queue,
    Exchange,
}
