namespace Warren.Server;

/// <summary>Which broker and store this server was started with, and what chose them, for <c>/health</c> and the first line of the log.</summary>
internal sealed class ServerSetup
{
    /// <summary>What chose the broker, as in <c>environment RABBITMQ_URL</c>; null in an app that Warren did not put together.</summary>
    public string? BrokerChosenBy { get; init; }

    /// <summary>What chose the store; null in an app that Warren did not put together.</summary>
    public string? StoreChosenBy { get; init; }

    /// <summary>Whether the broker runs in this process.</summary>
    public bool IsBrokerEmbedded { get; init; }

    /// <summary>The version of Warren.</summary>
    public static string Version { get; } = typeof(ServerSetup).Assembly.GetName().Version!.ToString(3);
}
