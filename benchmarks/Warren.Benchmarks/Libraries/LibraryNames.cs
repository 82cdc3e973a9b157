namespace Warren.Benchmarks.Libraries;

/// <summary>The libraries that are compared, in the order they run in each round.</summary>
internal static class LibraryNames
{
    /// <summary>RabbitMQ.Client, used as well as we know.</summary>
    public const string Raw = "raw";

    /// <summary>Warren.Messaging.</summary>
    public const string Warren = "warren";

    /// <summary>MassTransit.</summary>
    public const string MassTransit = "masstransit";

    /// <summary>Their order in a round.</summary>
    public static IReadOnlyList<string> InOrder { get; } = [Raw, Warren, MassTransit];
}
