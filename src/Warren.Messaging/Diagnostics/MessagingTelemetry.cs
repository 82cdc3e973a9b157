using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using RabbitMQ.Client;

namespace Warren.Messaging.Diagnostics;

/// <summary>
/// Spans and metrics of messaging, named after OpenTelemetry's messaging conventions. Trace context travels as W3C
/// <c>traceparent</c> and <c>tracestate</c> in the message headers.
/// </summary>
internal static class MessagingTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "Warren.Messaging";

    private static readonly string? Version = typeof(MessagingTelemetry).Assembly.GetName().Version?.ToString(3);

    public static readonly ActivitySource Source = new(Name, Version);

    public static readonly Meter Meter = new(Name, Version);

    public static readonly Counter<long> Published = Meter.CreateCounter<long>(
        "warren.messaging.published", "{message}", "Messages handed to the broker, resends included.");

    public static readonly Counter<long> Confirmed = Meter.CreateCounter<long>(
        "warren.messaging.confirmed", "{message}", "Messages the broker has confirmed.");

    public static readonly Counter<long> Returned = Meter.CreateCounter<long>(
        "warren.messaging.returned", "{message}", "Mandatory messages that reached no queue.");

    public static readonly Counter<long> Nacked = Meter.CreateCounter<long>(
        "warren.messaging.nacked", "{message}", "Messages the broker refused to take.");

    public static readonly Counter<long> PublishFailed = Meter.CreateCounter<long>(
        "warren.messaging.publish_failed", "{message}", "Publishes that ended without a confirm.");

    public static readonly UpDownCounter<long> InFlight = Meter.CreateUpDownCounter<long>(
        "warren.messaging.in_flight", "{message}", "Messages that wait for their confirm, or to be sent.");

    public static readonly Counter<long> Consumed = Meter.CreateCounter<long>(
        "warren.messaging.consumed", "{message}", "Messages handed to a handler.");

    public static readonly Counter<long> Retried = Meter.CreateCounter<long>(
        "warren.messaging.retried", "{message}", "Messages sent to the retry ladder.");

    public static readonly Counter<long> DeadLettered = Meter.CreateCounter<long>(
        "warren.messaging.dead_lettered", "{message}", "Messages given up.");

    public static readonly Counter<long> LiveDropped = Meter.CreateCounter<long>(
        "warren.messaging.live_dropped", "{message}", "Live events dropped because their reader was slower, or unreadable.");

    public static readonly Histogram<double> HandlerTime = Meter.CreateHistogram<double>(
        "messaging.process.duration", "s", "Time a handler took.");

    public static readonly Histogram<double> RequestTime = Meter.CreateHistogram<double>(
        "messaging.client.operation.duration", "s", "Time from a request to its reply.");

    /// <summary>The tag that says which queue a consumer's measurement is of.</summary>
    public static KeyValuePair<string, object?> Queue(string queue) => new("messaging.destination.name", queue);

    /// <summary>Starts the span of a publish and writes its context into the headers; null if nobody listens.</summary>
    public static Activity? StartPublish(string exchange, string routingKey, string operation)
    {
        var destination = exchange.Length == 0 ? routingKey : exchange;
        var activity = Source.StartActivity($"{operation} {destination}", ActivityKind.Producer);
        activity?.SetTag("messaging.system", "rabbitmq")
            .SetTag("messaging.operation.type", "send")
            .SetTag("messaging.operation.name", operation)
            .SetTag("messaging.destination.name", destination)
            .SetTag("messaging.rabbitmq.destination.routing_key", routingKey);
        return activity;
    }

    /// <summary>Starts the span of handling a delivery, as a child of the span that published it; null if nobody listens.</summary>
    public static Activity? StartProcess(MessageContext message)
    {
        if (!Source.HasListeners())
            return null;
        var headers = message.Properties.Headers;
        ActivityContext.TryParse(MessageHeaders.Text(headers, "traceparent"), MessageHeaders.Text(headers, "tracestate"), isRemote: true, out var parent);
        var activity = Source.StartActivity($"process {message.Queue}", ActivityKind.Consumer, parent);
        activity?.SetTag("messaging.system", "rabbitmq")
            .SetTag("messaging.operation.type", "process")
            .SetTag("messaging.operation.name", "process")
            .SetTag("messaging.destination.name", message.Queue)
            .SetTag("messaging.rabbitmq.destination.routing_key", message.RoutingKey)
            .SetTag("messaging.message.id", message.MessageId)
            .SetTag("messaging.message.body.size", message.Body.Length);
        return activity;
    }

    /// <summary>Records that a delivery arrived, as a span of no length.</summary>
    public static void RecordDeliver(MessageContext message)
    {
        if (!Source.HasListeners())
            return;
        var headers = message.Properties.Headers;
        ActivityContext.TryParse(MessageHeaders.Text(headers, "traceparent"), MessageHeaders.Text(headers, "tracestate"), isRemote: true, out var parent);
        using var activity = Source.StartActivity($"deliver {message.Queue}", ActivityKind.Consumer, parent);
        activity?.SetTag("messaging.system", "rabbitmq")
            .SetTag("messaging.operation.type", "receive")
            .SetTag("messaging.operation.name", "deliver")
            .SetTag("messaging.destination.name", message.Queue)
            .SetTag("messaging.message.id", message.MessageId)
            .SetTag("messaging.rabbitmq.message.redelivered", message.Redelivered);
    }

    /// <summary>Writes the context of a span, or of the surrounding one, into a message's headers.</summary>
    public static void Inject(Activity? activity, BasicProperties properties)
    {
        activity ??= Activity.Current;
        if (activity is null || activity.IdFormat != ActivityIdFormat.W3C || activity.Id is not { } id)
            return;
        var headers = properties.Headers ??= new Dictionary<string, object?>();
        headers["traceparent"] = Encoding.ASCII.GetBytes(id);
        if (activity.TraceStateString is { Length: > 0 } state)
            headers["tracestate"] = Encoding.UTF8.GetBytes(state);
    }

    /// <summary>Marks a span as failed.</summary>
    public static void Fail(Activity? activity, Exception error) =>
        activity?.SetStatus(ActivityStatusCode.Error, error.Message).SetTag("error.type", error.GetType().FullName);
}
