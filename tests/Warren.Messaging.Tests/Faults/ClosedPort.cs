using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>A port of 127.0.0.1 on which nobody listens.</summary>
internal static class ClosedPort
{
    /// <summary>Draws one, as the proxy does, from below the range the kernel gives to outgoing connections.</summary>
    public static async Task<int> GetAsync()
    {
        await using var proxy = TcpProxy.Start(port: 1);
        return proxy.Port;
    }
}
