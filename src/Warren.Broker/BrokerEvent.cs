using System.Net;

namespace Warren.Broker;

/// <summary>Something that has happened in a broker, as <see cref="EmbeddedBroker.ReadEventsAsync"/> tells it; the kinds are a closed set.</summary>
public abstract record BrokerEvent
{
    private BrokerEvent()
    {
    }

    /// <summary>When it happened, by the broker's clock.</summary>
    public DateTimeOffset At { get; internal set; }

    /// <summary>A client has opened a connection.</summary>
    /// <param name="Client">The client's end.</param>
    /// <param name="Name">The name its owner gave it; null when none was given.</param>
    /// <param name="User">Who has logged in.</param>
    /// <param name="VirtualHost">The virtual host it works in.</param>
    public sealed record ConnectionOpened(IPEndPoint Client, string? Name, string User, string VirtualHost) : BrokerEvent;

    /// <summary>A connection is over; its channels were closed before.</summary>
    /// <param name="Client">The client's end.</param>
    /// <param name="Name">The name its owner gave it; null when none was given.</param>
    /// <param name="VirtualHost">The virtual host it worked in.</param>
    /// <param name="Reason">Who ended it and why, in words.</param>
    public sealed record ConnectionClosed(IPEndPoint Client, string? Name, string VirtualHost, string Reason) : BrokerEvent;

    /// <summary>A client has opened a channel.</summary>
    /// <param name="Client">The client's end of the connection.</param>
    /// <param name="Channel">Its number on the connection.</param>
    public sealed record ChannelOpened(IPEndPoint Client, int Channel) : BrokerEvent;

    /// <summary>A channel is over; what it held has returned to the queues.</summary>
    /// <param name="Client">The client's end of the connection.</param>
    /// <param name="Channel">Its number on the connection.</param>
    /// <param name="Reason">Who ended it and why, in words; for an error the text the client was sent.</param>
    public sealed record ChannelClosed(IPEndPoint Client, int Channel, string Reason) : BrokerEvent;

    /// <summary>There is a new exchange.</summary>
    /// <param name="VirtualHost">The virtual host it is in.</param>
    /// <param name="Exchange">Its name.</param>
    /// <param name="Type"><c>direct</c>, <c>fanout</c>, <c>topic</c> or <c>headers</c>.</param>
    public sealed record ExchangeDeclared(string VirtualHost, string Exchange, string Type) : BrokerEvent;

    /// <summary>An exchange is gone: a client deleted it, or its last binding went.</summary>
    /// <param name="VirtualHost">The virtual host it was in.</param>
    /// <param name="Exchange">Its name.</param>
    public sealed record ExchangeDeleted(string VirtualHost, string Exchange) : BrokerEvent;

    /// <summary>There is a new queue.</summary>
    /// <param name="VirtualHost">The virtual host it is in.</param>
    /// <param name="Queue">Its name.</param>
    public sealed record QueueDeclared(string VirtualHost, string Queue) : BrokerEvent;

    /// <summary>A queue is gone: a client deleted it, it expired, or it went with its last consumer or its connection.</summary>
    /// <param name="VirtualHost">The virtual host it was in.</param>
    /// <param name="Queue">Its name.</param>
    public sealed record QueueDeleted(string VirtualHost, string Queue) : BrokerEvent;

    /// <summary>A client has begun to consume a queue.</summary>
    /// <param name="VirtualHost">The virtual host the queue is in.</param>
    /// <param name="Queue">The name of the queue.</param>
    /// <param name="Tag">The consumer's tag, unique on its channel.</param>
    /// <param name="Client">The client's end of the connection.</param>
    /// <param name="Channel">The channel's number on the connection.</param>
    public sealed record ConsumerStarted(string VirtualHost, string Queue, string Tag, IPEndPoint Client, int Channel) : BrokerEvent;

    /// <summary>A consumer gets no more messages.</summary>
    /// <param name="VirtualHost">The virtual host the queue is in.</param>
    /// <param name="Queue">The name of the queue.</param>
    /// <param name="Tag">The consumer's tag, unique on its channel.</param>
    /// <param name="Client">The client's end of the connection.</param>
    /// <param name="Channel">The channel's number on the connection.</param>
    /// <param name="IsByBroker">True when its queue is gone or a fault has ended it; false when the client did, or its channel is over.</param>
    public sealed record ConsumerCanceled(string VirtualHost, string Queue, string Tag, IPEndPoint Client, int Channel, bool IsByBroker) : BrokerEvent;

    /// <summary>Something is scarce: publishers are blocked from now on.</summary>
    /// <param name="Resource"><c>memory</c> or <c>disk</c>.</param>
    public sealed record AlarmRaised(string Resource) : BrokerEvent;

    /// <summary>Something is no longer scarce.</summary>
    /// <param name="Resource"><c>memory</c> or <c>disk</c>.</param>
    public sealed record AlarmCleared(string Resource) : BrokerEvent;

    /// <summary>The reader was too slow: so many events that belong here were dropped.</summary>
    /// <param name="Count">How many.</param>
    public sealed record EventsDropped(long Count) : BrokerEvent;
}
