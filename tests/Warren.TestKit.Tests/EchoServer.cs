using System.Net;
using System.Net.Sockets;

namespace Warren.TestKit.Tests;

/// <summary>Sends back what it gets, until its client closes.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _accepting;

    public EchoServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections whose other side closed or reset.</summary>
    public AsyncCounter Ended { get; } = new();

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = EchoAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                var buffer = new byte[4096];
                int received;
                while ((received = await socket.ReceiveAsync(buffer)) > 0)
                    await socket.SendAsync(buffer.AsMemory(0, received));
            }
            catch (SocketException)
            {
                // Reset, which is what some tests are about.
            }
        }

        Ended.Increment();
    }
}
