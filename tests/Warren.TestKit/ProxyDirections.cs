namespace Warren.TestKit;

/// <summary>The ways bytes go through a <see cref="TcpProxy"/>.</summary>
[Flags]
public enum ProxyDirections
{
    /// <summary>Neither way.</summary>
    None = 0,

    /// <summary>From the client to the server.</summary>
    ToServer = 1,

    /// <summary>From the server to the client.</summary>
    ToClient = 2,

    /// <summary>Both ways.</summary>
    Both = ToServer | ToClient,
}
