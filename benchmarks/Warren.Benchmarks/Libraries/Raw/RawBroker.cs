using RabbitMQ.Client;

namespace Warren.Benchmarks.Libraries.Raw;

/// <summary>Connections, channels and properties as every raw variant uses them.</summary>
internal static class RawBroker
{
    /// <summary>The default exchange, encoded once.</summary>
    public static CachedString DefaultExchange { get; } = new("");

    /// <summary>Confirms on, tracking off: who publishes counts the sequence and handles the acks.</summary>
    public static CreateChannelOptions ManualConfirms { get; } =
        new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false, outstandingPublisherConfirmationsRateLimiter: null);

    /// <summary>Confirms on, tracking on: a publish ends with its confirm. No rate limiter, which would sleep.</summary>
    public static CreateChannelOptions TrackedConfirms { get; } =
        new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null);

    /// <summary>Opens a connection that does not recover: a lost connection fails the run.</summary>
    public static Task<IConnection> ConnectAsync(string url, CancellationToken cancellationToken) =>
        new ConnectionFactory { Uri = new Uri(url), AutomaticRecoveryEnabled = false }.CreateConnectionAsync(cancellationToken);

    /// <summary>New properties of a persistent message; the client writes into them, so they are never shared.</summary>
    public static BasicProperties Persistent(string contentType = "application/json") =>
        new() { Persistent = true, ContentType = contentType };

    /// <summary>New properties of a message that need not survive the broker.</summary>
    public static BasicProperties Transient() => new() { ContentType = "application/json" };
}
