using System.Diagnostics;
using System.Net;
using System.Text;
using Warren.Broker.Protocol;
using Warren.Broker.Queues;

namespace Warren.Broker.Diagnostics;

/// <summary>
/// The broker's spans, named after OpenTelemetry's messaging conventions: a connection's opening, a publish, a dead letter. The parent
/// of what happens to a message is in its W3C <c>traceparent</c> header. While nobody listens nothing is made or read.
/// </summary>
internal static class BrokerTracing
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "Warren.Broker";

    /// <summary>The version of both.</summary>
    public static readonly string? Version = typeof(BrokerTracing).Assembly.GetName().Version?.ToString(3);

    private static readonly ActivitySource Source = new(Name, Version);

    /// <summary>True while anybody listens.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>Starts the span of a connection's opening; null if nobody listens.</summary>
    public static Activity? StartOpening(IPEndPoint client, IPEndPoint server)
    {
        if (!IsOn)
            return null;
        return Source.StartActivity("open connection", ActivityKind.Server)?
            .SetTag("network.protocol.name", "amqp")
            .SetTag("network.peer.address", client.Address.ToString())
            .SetTag("network.peer.port", client.Port)
            .SetTag("server.port", server.Port);
    }

    /// <summary>Says in a connection's span who came in.</summary>
    public static void Opened(Activity? span, string user, string virtualHost, string? connectionName) => span?
        .SetTag("user.name", user)
        .SetTag("warren.broker.virtual_host", virtualHost)
        .SetTag("warren.broker.connection.name", connectionName);

    /// <summary>Starts the span of a publish, as a child of the span that published; null if nobody listens.</summary>
    public static Activity? StartPublish(string exchange, string routingKey, in BasicPropertiesView properties, int bodyLength)
    {
        if (!IsOn)
            return null;
        var destination = exchange.Length == 0 ? routingKey : exchange;
        return Source.StartActivity($"publish {destination}", ActivityKind.Server, ParentIn(properties))?
            .SetTag("messaging.system", "rabbitmq")
            .SetTag("messaging.operation.type", "send")
            .SetTag("messaging.operation.name", "publish")
            .SetTag("messaging.destination.name", destination)
            .SetTag("messaging.rabbitmq.destination.routing_key", routingKey)
            .SetTag("messaging.message.id", properties.MessageId.IsEmpty ? null : Encoding.UTF8.GetString(properties.MessageId))
            .SetTag("messaging.message.body.size", bodyLength);
    }

    /// <summary>Says in the span of a publish what became of it.</summary>
    public static void Published(Activity? span, string virtualHost, string outcome) => span?
        .SetTag("warren.broker.virtual_host", virtualHost)
        .SetTag("warren.broker.outcome", outcome);

    /// <summary>Marks a span as failed.</summary>
    public static void Fail(Activity? span, string reason, string kind) => span?
        .SetStatus(ActivityStatusCode.Error, reason)
        .SetTag("error.type", kind);

    /// <summary>What is to be recorded of a dead letter, while its content is surely in memory.</summary>
    public static DeadLetterMove Move(string queue, DeathReason reason, Message letter) => new(
        queue, reason, letter.Exchange, letter.RoutingKey, BasicPropertiesView.TryParse(letter.Properties, out var properties) ? ParentIn(properties) : default);

    /// <summary>Records messages that were dead-lettered, each as a span of no length; under no lock, since listeners may take their time.</summary>
    public static void Record(IEnumerable<DeadLetterMove> moves, string virtualHost)
    {
        foreach (var move in moves)
        {
            using var span = Source.StartActivity($"dead_letter {move.Queue}", ActivityKind.Internal, move.Parent);
            span?.SetTag("messaging.system", "rabbitmq")
                .SetTag("messaging.operation.name", "dead_letter")
                .SetTag("messaging.destination.name", move.Exchange.Length == 0 ? move.RoutingKey : move.Exchange)
                .SetTag("messaging.rabbitmq.destination.routing_key", move.RoutingKey)
                .SetTag("warren.broker.virtual_host", virtualHost)
                .SetTag("warren.broker.dead_letter.queue", move.Queue)
                .SetTag("warren.broker.dead_letter.reason", DeadLettering.WordFor(move.Reason));
        }
    }

    private static ActivityContext ParentIn(in BasicPropertiesView properties)
    {
        if (properties.Headers.IndexOf("traceparent"u8) < 0)
            return default;
        var headers = properties.ReadHeaders();
        headers.TryGetText("traceparent", out var parent);
        headers.TryGetText("tracestate", out var state);
        return ActivityContext.TryParse(parent, state, isRemote: true, out var context) ? context : default;
    }
}

/// <summary>A message that was moved through a dead letter exchange.</summary>
/// <param name="Queue">The name of the queue it left.</param>
/// <param name="Reason">Why it left.</param>
/// <param name="Exchange">The exchange it went to.</param>
/// <param name="RoutingKey">Its routing key there.</param>
/// <param name="Parent">The span that published it, if it says so.</param>
internal readonly record struct DeadLetterMove(string Queue, DeathReason Reason, string Exchange, string RoutingKey, ActivityContext Parent);
