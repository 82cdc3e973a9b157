namespace Warren.Messaging.Topology;

/// <summary>Exchanges, queues and bindings to declare together, in that order.</summary>
public sealed record TopologyDefinition
{
    /// <summary>The exchanges.</summary>
    public IReadOnlyList<ExchangeDefinition> Exchanges { get; init; } = [];

    /// <summary>The queues.</summary>
    public IReadOnlyList<QueueDefinition> Queues { get; init; } = [];

    /// <summary>The bindings of queues to exchanges.</summary>
    public IReadOnlyList<BindingDefinition> Bindings { get; init; } = [];
}

/// <summary>An exchange as it is declared (AMQP 0-9-1 §1.6.2.1).</summary>
/// <param name="Name">At most 255 bytes; names that begin with <c>amq.</c> are the broker's.</param>
public sealed record ExchangeDefinition(string Name)
{
    /// <summary>How it routes. The default is topic.</summary>
    public ExchangeKind Kind { get; init; } = ExchangeKind.Topic;

    /// <summary>Whether it survives a broker restart. The default is true.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Whether it is deleted when its last binding goes. The default is false.</summary>
    public bool AutoDelete { get; init; }

    /// <summary>Further arguments, such as <c>alternate-exchange</c>.</summary>
    public IReadOnlyDictionary<string, object?>? Arguments { get; init; }
}

/// <summary>How an exchange routes.</summary>
public enum ExchangeKind
{
    /// <summary>By exact routing key.</summary>
    Direct,

    /// <summary>To every bound queue.</summary>
    Fanout,

    /// <summary>By pattern over the dotted words of the routing key.</summary>
    Topic,

    /// <summary>By the message's headers.</summary>
    Headers,
}

/// <summary>A queue as it is declared (AMQP 0-9-1 §1.7.2.1).</summary>
/// <param name="Name">At most 255 bytes.</param>
public sealed record QueueDefinition(string Name)
{
    /// <summary>
    /// Quorum or classic. The default is quorum, with a delivery limit of 20 and the dead-letter queue <c>&lt;name&gt;.dead</c> as its
    /// target; a classic queue gets no arguments but those of <see cref="Arguments"/>.
    /// </summary>
    public QueueType Type { get; init; } = QueueType.Quorum;

    /// <summary>Whether it survives a broker restart. The default is true; a quorum queue always does.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Whether only this connection may use it, and it goes with the connection. The default is false.</summary>
    public bool Exclusive { get; init; }

    /// <summary>Whether it goes with its last consumer. The default is false.</summary>
    public bool AutoDelete { get; init; }

    /// <summary>Further arguments; they win over those that <see cref="Type"/> brings. A null value removes one.</summary>
    public IReadOnlyDictionary<string, object?>? Arguments { get; init; }
}

/// <summary>How a queue keeps its messages.</summary>
public enum QueueType
{
    /// <summary>Replicated by Raft, always durable, counts deliveries.</summary>
    Quorum,

    /// <summary>On one node.</summary>
    Classic,
}

/// <summary>A binding of a queue to an exchange (AMQP 0-9-1 §1.7.2.3).</summary>
/// <param name="Exchange">The exchange.</param>
/// <param name="Queue">The queue.</param>
/// <param name="RoutingKey">The key or pattern.</param>
public sealed record BindingDefinition(string Exchange, string Queue, string RoutingKey)
{
    /// <summary>Arguments, for a headers exchange.</summary>
    public IReadOnlyDictionary<string, object?>? Arguments { get; init; }
}
