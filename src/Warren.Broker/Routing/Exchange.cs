using Warren.Broker.Protocol;

namespace Warren.Broker.Routing;

/// <summary>What an exchange is declared with, but for its type.</summary>
internal sealed record ExchangeSettings(string Name, bool Durable, bool AutoDelete, bool Internal, FieldTable Arguments);

/// <summary>Decides by its bindings where a message goes; the types of AMQP 0-9-1 §3.1.3 are a closed set.</summary>
/// <remarks>Not safe for concurrent use, not even routing alone: the caller holds the lock of the virtual host.</remarks>
internal abstract class Exchange : IBindingDestination
{
    private readonly HashSet<Binding> _bindings = [];

    private protected Exchange(ExchangeSettings settings) => Settings = settings;

    /// <summary>What it was declared with.</summary>
    public ExchangeSettings Settings { get; }

    /// <summary>The name; the default exchange has none.</summary>
    public string Name => Settings.Name;

    /// <summary>The type as declarations have it: <c>direct</c>, <c>fanout</c>, <c>topic</c> or <c>headers</c>.</summary>
    public abstract string Type { get; }

    /// <summary>True when it outlives the broker's process.</summary>
    public bool Durable => Settings.Durable;

    /// <summary>True when it goes with its last binding.</summary>
    public bool AutoDelete => Settings.AutoDelete;

    /// <summary>True when clients may not publish to it, only other exchanges.</summary>
    public bool Internal => Settings.Internal;

    /// <summary>The arguments it was declared with.</summary>
    public FieldTable Arguments => Settings.Arguments;

    /// <summary>The exchange that gets what no binding takes, or null.</summary>
    public string? AlternateExchange => Arguments.TryGetText("alternate-exchange", out var name) ? name : null;

    public DestinationKind Kind => DestinationKind.Exchange;

    public HashSet<Binding> Incoming { get; } = [];

    /// <summary>The bindings from here.</summary>
    public IReadOnlyCollection<Binding> Bindings => _bindings;

    /// <summary>How many messages were published to it since it was declared or recovered, dead letters included.</summary>
    public long Entered { get; set; }

    /// <summary>True while something is bound to it.</summary>
    public bool HasBindings => _bindings.Count > 0;

    /// <summary>An exchange of the named type; null when there is no such type.</summary>
    public static Exchange? Create(string type, ExchangeSettings settings) => type switch
    {
        DirectExchange.TypeName => new DirectExchange(settings),
        FanoutExchange.TypeName => new FanoutExchange(settings),
        TopicExchange.TypeName => new TopicExchange(settings),
        HeadersExchange.TypeName => new HeadersExchange(settings),
        _ => null,
    };

    /// <summary>Adds a binding from here; false when it was there already.</summary>
    /// <exception cref="AmqpException">406: this type of exchange cannot have such arguments.</exception>
    public bool Bind(Binding binding)
    {
        Validate(binding);
        if (!_bindings.Add(binding))
            return false;
        binding.Destination.Incoming.Add(binding);
        Add(binding);
        return true;
    }

    /// <summary>Removes the binding of this content; false when there is none.</summary>
    public bool Unbind(Binding binding)
    {
        if (!_bindings.TryGetValue(binding, out var bound))
            return false;
        _bindings.Remove(bound);
        bound.Destination.Incoming.Remove(bound);
        Remove(bound);
        return true;
    }

    /// <summary>Removes every binding from here, since the exchange is being deleted, and returns them.</summary>
    public IReadOnlyList<Binding> UnbindAll()
    {
        Binding[] removed = [.. _bindings];
        foreach (var binding in removed)
            Unbind(binding);
        return removed;
    }

    /// <summary>Adds what the bindings of this exchange alone select for the message; <see cref="Router"/> follows them on.</summary>
    public abstract void Route(ref RoutedMessage message, Destinations destinations);

    /// <summary>Refuses a binding whose arguments mean nothing here.</summary>
    private protected virtual void Validate(Binding binding)
    {
    }

    /// <summary>Takes up a binding that is new.</summary>
    private protected abstract void Add(Binding binding);

    /// <summary>Drops a binding that was taken up.</summary>
    private protected abstract void Remove(Binding binding);
}
