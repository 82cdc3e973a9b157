namespace Warren.Interop.Tests.Peers;

/// <summary>The roles of a peer with the names of the integration guide: one method per role.</summary>
internal static class Roles
{
    /// <summary>Publishes the lines it is sent to an exchange.</summary>
    public static Task<PeerProcess> PublisherAsync(
        this PeerKind kind, string url, CancellationToken cancellationToken, string exchange = "user.events", string routingKey = "user.created") =>
        PeerProcess.StartAsync(kind, url, "publish", ["--exchange", exchange, "--routing-key", routingKey], cancellationToken);

    /// <summary>Consumes a queue that is bound to the events of new users.</summary>
    public static Task<PeerProcess> SubscriberAsync(
        this PeerKind kind, string url, CancellationToken cancellationToken, string queue = "matching.user_events") =>
        PeerProcess.StartAsync(
            kind, url, "consume", ["--queue", queue, "--exchange", "user.events", "--routing-key", "user.created"], cancellationToken);

    /// <summary>A Node program that publishes, or consumes, new users sealed with a key.</summary>
    public static Task<PeerProcess> SealingAsync(string role, string url, string keyId, string key, CancellationToken cancellationToken) =>
        PeerProcess.StartAsync(
            PeerKind.Amqplib, url, role,
            ["--queue", "sealed.user_events", "--exchange", "user.events", "--routing-key", "user.created", "--key", $"{keyId}:{key}"],
            cancellationToken);

    /// <summary>Consumes the dead letters of a queue, as they are on the wire.</summary>
    public static Task<PeerProcess> DeadLetterReaderAsync(string url, CancellationToken cancellationToken, string queue = "matching.user_events") =>
        PeerProcess.StartAsync(PeerKind.Pika, url, "consume", ["--queue", $"{queue}.dead"], cancellationToken);

    /// <summary>Sends the lines it is sent as requests.</summary>
    public static Task<PeerProcess> CallerAsync(
        this PeerKind kind, string url, CancellationToken cancellationToken, string queue = "user.profile.get") =>
        PeerProcess.StartAsync(kind, url, "rpc-call", ["--queue", queue], cancellationToken);

    /// <summary>Answers requests for a user's profile: fails for a negative id, never answers 0.</summary>
    public static Task<PeerProcess> ServerAsync(this PeerKind kind, string url, CancellationToken cancellationToken) =>
        PeerProcess.StartAsync(kind, url, "rpc-serve", ["--queue", "user.profile.get"], cancellationToken);

    /// <summary>Listens to what happens in one session.</summary>
    public static Task<PeerProcess> ListenerAsync(this PeerKind kind, string url, string pattern, CancellationToken cancellationToken) =>
        PeerProcess.StartAsync(kind, url, "listen", ["--exchange", "collaboration.events", "--routing-key", pattern], cancellationToken);
}
