using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Warren.TestKit;

/// <summary>A TCP proxy on a port of 127.0.0.1 that can cut, stall, slow down and corrupt what goes through it.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly DnsEndPoint _target;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<ProxyConnection, Task> _connections = new();
    private readonly Lock _listening = new();
    private readonly ProxyLane _toServer = new(TimeProvider.System);
    private readonly ProxyLane _toClient = new(TimeProvider.System);
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private volatile bool _dropNew;

    private TcpProxy(string host, int port)
    {
        _target = new DnsEndPoint(host, port);
        Port = FreePorts.Next();
        AcceptNew();
    }

    /// <summary>The port clients connect to; it stays the same.</summary>
    public int Port { get; }

    /// <summary>The connections that were accepted since the start.</summary>
    public AsyncCounter Accepted { get; } = new();

    /// <summary>How many connections are open now.</summary>
    public int OpenConnections => _connections.Count;

    /// <summary>How many bytes were forwarded from clients to the server.</summary>
    public long BytesToServer => _toServer.Forwarded;

    /// <summary>How many bytes were forwarded from the server to clients.</summary>
    public long BytesToClient => _toClient.Forwarded;

    /// <summary>A proxy in front of the server of an AMQP URL.</summary>
    public static TcpProxy Start(string url)
    {
        var target = new Uri(url);
        return new(target.Host, target.Port > 0 ? target.Port : target.Scheme == "amqps" ? 5671 : 5672);
    }

    /// <summary>A proxy in front of a port.</summary>
    public static TcpProxy Start(int port, string host = "127.0.0.1") => new(host, port);

    /// <summary>The same URL, but through the proxy.</summary>
    public string Rewrite(string url)
    {
        var uri = new Uri(url);
        var user = uri.UserInfo.Length > 0 ? uri.UserInfo + "@" : "";
        return $"{uri.Scheme}://{user}127.0.0.1:{Port}{uri.PathAndQuery}";
    }

    /// <summary>Resets all open connections on both sides and returns when they are gone. New ones are accepted.</summary>
    public async Task CutAsync()
    {
        var open = _connections.ToArray();
        foreach (var (connection, _) in open)
            connection.Cut();
        await Task.WhenAll(open.Select(pair => pair.Value));
    }

    /// <summary>Resets, once, the connection that carries the last of the next <paramref name="bytes"/> in a direction; with 0, before the next byte.</summary>
    /// <returns>Ends when it was cut.</returns>
    public Task CutAfter(long bytes, ProxyDirections direction) => LaneOf(direction).EndAfter(bytes, reset: true);

    /// <summary>
    /// Tells, once, the receiver of the last of the next <paramref name="bytes"/> in a direction that nothing more comes, wherever in a
    /// frame that is. It may still send.
    /// </summary>
    /// <returns>Ends when it was told.</returns>
    public Task FinishAfter(long bytes, ProxyDirections direction) => LaneOf(direction).EndAfter(bytes, reset: false);

    /// <summary>Forwards nothing more; connections stay open and bytes pile up in the buffers of both sides.</summary>
    public void Stall(ProxyDirections directions = ProxyDirections.Both) => Each(directions, lane => lane.Stall());

    /// <summary>Forwards again, what was held back first.</summary>
    public void Resume(ProxyDirections directions = ProxyDirections.Both) => Each(directions, lane => lane.Resume());

    /// <summary>Forwards at most <paramref name="bytesPerSecond"/> in each direction; null is as fast as it goes.</summary>
    public void Throttle(long? bytesPerSecond, ProxyDirections directions = ProxyDirections.Both)
    {
        if (bytesPerSecond is { } rate)
            ArgumentOutOfRangeException.ThrowIfLessThan(rate, 1, nameof(bytesPerSecond));
        Each(directions, lane => lane.Throttle(bytesPerSecond));
    }

    /// <summary>Inverts the lowest bit of every n-th byte of each connection.</summary>
    public void Corrupt(int everyNthByte, ProxyDirections directions = ProxyDirections.Both)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(everyNthByte, 1);
        Corrupt((offset, value) => (offset + 1) % everyNthByte == 0 ? (byte)(value ^ 1) : value, directions);
    }

    /// <summary>Passes every byte through <paramref name="change"/>, which gets its offset in the connection and its value; null ends that.</summary>
    public void Corrupt(Func<long, byte, byte>? change, ProxyDirections directions = ProxyDirections.Both) =>
        Each(directions, lane => lane.Corrupt(change));

    /// <summary>Stops listening: new clients get "connection refused". Open connections stay.</summary>
    public void RefuseNew()
    {
        lock (_listening)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <summary>Accepts new connections and resets them at once. Open connections stay.</summary>
    public void DropNew()
    {
        _dropNew = true;
        Listen();
    }

    /// <summary>Accepts new connections again.</summary>
    public void AcceptNew()
    {
        _dropNew = false;
        Listen();
    }

    /// <summary>Resets all connections and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        RefuseNew();
        await _accepting;
        await CutAsync();
        _stopping.Dispose();
    }

    private void Listen()
    {
        lock (_listening)
        {
            if (_listener is not null)
                return;
            _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
            _listener.Listen();
            _accepting = Task.WhenAll(_accepting, AcceptAsync(_listener));
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptAsync(_stopping.Token);
                Accepted.Increment();
                var connection = new ProxyConnection(client, _toServer, _toClient);
                if (_dropNew)
                {
                    connection.Cut();
                    connection.Dispose();
                    continue;
                }

                // Kept before it runs, and gone only after: nobody misses it in between.
                var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _connections[connection] = ended.Task;
                _ = RunAsync(connection, ended);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The listener was closed; RefuseNew and DisposeAsync end the loop so.
        }
    }

    private async Task RunAsync(ProxyConnection connection, TaskCompletionSource ended)
    {
        try
        {
            await connection.RunAsync(_target);
        }
        finally
        {
            connection.Dispose();
            _connections.TryRemove(connection, out _);
            ended.SetResult();
        }
    }

    private ProxyLane LaneOf(ProxyDirections direction) => direction switch
    {
        ProxyDirections.ToServer => _toServer,
        ProxyDirections.ToClient => _toClient,
        _ => throw new ArgumentOutOfRangeException(nameof(direction), direction, "Expected one of the two directions."),
    };

    private void Each(ProxyDirections directions, Action<ProxyLane> action)
    {
        if (directions.HasFlag(ProxyDirections.ToServer))
            action(_toServer);
        if (directions.HasFlag(ProxyDirections.ToClient))
            action(_toClient);
    }
}
