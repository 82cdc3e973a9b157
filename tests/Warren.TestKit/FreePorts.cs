using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Warren.TestKit;

/// <summary>Ports nobody listens on, taken from below the range the kernel gives to outgoing connections.</summary>
/// <remarks>
/// A port of that range could be taken by any client while its server is down; worse, a client that keeps calling it may be given
/// it as its own source port and connect to itself.
/// </remarks>
internal static class FreePorts
{
    private const int First = 10_240;
    private const int Last = 32_000;

    /// <summary>A port on which a listener on 127.0.0.1 could just be opened.</summary>
    public static int Next()
    {
        for (var attempt = 0; attempt < 1_000; attempt++)
        {
            var port = RandomNumberGenerator.GetInt32(First, Last);
            if (IsFree(port))
                return port;
        }

        throw new InvalidOperationException($"No free port was found on 127.0.0.1 between {First} and {Last} in 1000 tries.");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            // In use; the caller draws another.
            return false;
        }
    }
}
