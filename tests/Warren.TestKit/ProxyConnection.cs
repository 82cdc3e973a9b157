using System.Net;
using System.Net.Sockets;

namespace Warren.TestKit;

/// <summary>One client's connection through a proxy and the connection to the server made for it.</summary>
internal sealed class ProxyConnection : IDisposable
{
    private readonly Socket _client;
    private readonly Socket _server = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly ProxyLane _toServer;
    private readonly ProxyLane _toClient;
    private readonly CancellationTokenSource _cut = new();
    private readonly Lock _ending = new();
    private bool _ended;

    /// <summary>A connection for <paramref name="client"/>, not yet connected to the server.</summary>
    public ProxyConnection(Socket client, ProxyLane toServer, ProxyLane toClient)
    {
        _client = client;
        _client.NoDelay = true;
        _toServer = toServer;
        _toClient = toClient;
    }

    /// <summary>Connects to the server and forwards both ways until both sides have closed or one was reset, which resets the other.</summary>
    public async Task RunAsync(DnsEndPoint target)
    {
        try
        {
            await _server.ConnectAsync(target, _cut.Token);
            await Task.WhenAll(ForwardAsync(_client, _server, _toServer), ForwardAsync(_server, _client, _toClient));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side is gone, or we were told to cut: the other side must see it too.
            Cut();
        }
    }

    /// <summary>Resets both sides at once, dropping what is under way.</summary>
    public void Cut()
    {
        lock (_ending)
        {
            if (_ended)
                return;
            _ended = true;
            _cut.Cancel();
            Reset(_client);
            Reset(_server);
        }
    }

    /// <summary>Closes both sides in order, unless they were cut.</summary>
    public void Dispose()
    {
        lock (_ending)
        {
            _ended = true;
            _client.Dispose();
            _server.Dispose();
            _cut.Dispose();
        }
    }

    private static void Reset(Socket socket)
    {
        try
        {
            // With a linger time of zero, close sends a reset instead of an orderly end.
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Its peer was faster, or it was cut while it still connected, which disposes it.
        }

        socket.Dispose();
    }

    private async Task ForwardAsync(Socket from, Socket to, ProxyLane lane)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            var offset = 0L;
            int received;
            while ((received = await from.ReceiveAsync(buffer, _cut.Token)) > 0)
            {
                for (var rest = buffer.AsMemory(0, received); !rest.IsEmpty;)
                {
                    var (count, end) = await lane.PassAsync(rest, offset, _cut.Token);
                    for (ReadOnlyMemory<byte> part = rest[..count]; !part.IsEmpty;)
                        part = part[await to.SendAsync(part, _cut.Token)..];
                    if (end is not null)
                    {
                        if (end.IsReset)
                            Cut();
                        else
                            to.Shutdown(SocketShutdown.Send);
                        end.Done.TrySetResult();
                        return;
                    }

                    offset += count;
                    rest = rest[count..];
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Ends the other direction, which might wait for ever.
            Cut();
            throw;
        }
    }
}
