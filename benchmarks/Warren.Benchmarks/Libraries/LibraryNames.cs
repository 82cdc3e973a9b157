namespace Warren.Benchmarks.Libraries;

/// <summary>The libraries that are compared, in the order they run in each round.</summary>
internal static class LibraryNames
{
    /// <summary>RabbitMQ.Client, used as well as we know.</summary>
    public const string Raw = "raw";

    /// <summary>AMQP on a bare socket, for <c>./bench broker</c>: no client is as cheap, so the broker is seen rather than the client.</summary>
    public const string Socket = "socket";

    /// <summary>Warren.Messaging.</summary>
    public const string Warren = "warren";

    /// <summary>MassTransit.</summary>
    public const string MassTransit = "masstransit";

    /// <summary>Their order in a round.</summary>
    public static IReadOnlyList<string> InOrder { get; } = [Raw, Socket, Warren, MassTransit];
}
