using System.Net;
using System.Net.Sockets;

namespace Warren.TestKit.Tests;

public sealed class TcpProxyTests : IAsyncDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(200);

    private readonly EchoServer _server = new();
    private readonly TcpProxy _proxy;

    public TcpProxyTests() => _proxy = TcpProxy.Start(_server.Port);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Bytes_pass_both_ways_and_are_counted()
    {
        using var client = await ConnectAsync();
        Assert.Equal(new byte[100_000], await EchoAsync(client, new byte[100_000]));

        Assert.Equal(100_000, _proxy.BytesToServer);
        Assert.Equal(100_000, _proxy.BytesToClient);
        Assert.Equal(1, _proxy.Accepted.Value);
        Assert.Equal(1, _proxy.OpenConnections);
    }

    [Fact]
    public async Task An_end_of_the_client_reaches_the_server_and_comes_back()
    {
        using var client = await ConnectAsync();
        await EchoAsync(client, [1]);
        client.Shutdown(SocketShutdown.Send);

        await _server.Ended.WaitForAsync(1, cancellationToken: Token);
        Assert.Equal(0, await client.ReceiveAsync(new byte[1], Token));
        await Eventually.ThatAsync(() => _proxy.OpenConnections == 0, "the connection is forgotten", cancellationToken: Token);
    }

    [Fact]
    public async Task A_cut_resets_all_connections_and_lets_new_ones_in()
    {
        using var first = await ConnectAsync();
        using var second = await ConnectAsync();
        await EchoAsync(first, [1]);
        await EchoAsync(second, [1]);

        await _proxy.CutAsync();

        Assert.Equal(SocketError.ConnectionReset, await ErrorAsync(first));
        Assert.Equal(SocketError.ConnectionReset, await ErrorAsync(second));
        await _server.Ended.WaitForAsync(2, cancellationToken: Token);
        Assert.Equal(0, _proxy.OpenConnections);
        using var third = await ConnectAsync();
        Assert.Equal([7], await EchoAsync(third, [7]));
    }

    [Fact]
    public async Task A_cut_after_some_bytes_lets_exactly_those_through()
    {
        using var client = await ConnectAsync();
        await EchoAsync(client, [1, 2, 3]);
        var cut = _proxy.CutAfter(5, ProxyDirections.ToClient);

        await client.SendAsync(new byte[10], Token);

        await cut.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Token);
        Assert.Equal(8, _proxy.BytesToClient);
        await Eventually.ThatAsync(() => _proxy.OpenConnections == 0, "the connection is gone", cancellationToken: Token);
        using var next = await ConnectAsync();
        Assert.Equal(new byte[10], await EchoAsync(next, new byte[10]));
    }

    [Theory]
    [InlineData(ProxyDirections.ToServer, 1, 1)]
    [InlineData(ProxyDirections.ToClient, 3, 1)]
    [InlineData(ProxyDirections.Both, 1, 1)]
    public async Task A_stalled_connection_stays_open_and_its_bytes_come_later(ProxyDirections directions, long toServer, long toClient)
    {
        using var client = await ConnectAsync();
        await EchoAsync(client, [0]);

        _proxy.Stall(directions);
        await client.SendAsync(new byte[] { 1, 2 }, Token);
        var answer = ReceiveAsync(client, 2);
        if (directions == ProxyDirections.ToClient)
            await Eventually.ThatAsync(() => _proxy.BytesToServer == toServer, "the server has the bytes", cancellationToken: Token);
        Assert.NotSame(answer, await Task.WhenAny(answer, Task.Delay(Moment, TimeProvider.System, Token)));
        Assert.Equal((toServer, toClient), (_proxy.BytesToServer, _proxy.BytesToClient));

        _proxy.Resume(directions);
        Assert.Equal([1, 2], await answer);
    }

    [Fact]
    public async Task A_stalled_connection_can_be_cut()
    {
        using var client = await ConnectAsync();
        await EchoAsync(client, [0]);
        _proxy.Stall();
        await client.SendAsync(new byte[] { 1 }, Token);

        await _proxy.CutAsync();

        Assert.Equal(SocketError.ConnectionReset, await ErrorAsync(client));
    }

    [Fact]
    public async Task A_throttled_connection_takes_its_time()
    {
        using var client = await ConnectAsync();
        await EchoAsync(client, [0]);
        _proxy.Throttle(10_000, ProxyDirections.ToServer);
        var start = TimeProvider.System.GetTimestamp();

        Assert.Equal(new byte[4_000], await EchoAsync(client, new byte[4_000]));

        Assert.InRange(TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0.35, 20);
        _proxy.Throttle(null);
        Assert.Equal(new byte[1_000_000], await EchoAsync(client, new byte[1_000_000]));
    }

    [Fact]
    public async Task Every_nth_byte_is_corrupted_in_the_chosen_direction()
    {
        using var client = await ConnectAsync();
        _proxy.Corrupt(3, ProxyDirections.ToServer);
        Assert.Equal([0, 0, 1, 0, 0, 1, 0], await EchoAsync(client, new byte[7]));

        _proxy.Corrupt(null);
        Assert.Equal(new byte[7], await EchoAsync(client, new byte[7]));

        _proxy.Corrupt((offset, value) => offset == 15 ? (byte)9 : value, ProxyDirections.ToClient);
        Assert.Equal([5, 9, 5], await EchoAsync(client, [5, 5, 5]));
    }

    [Fact]
    public async Task New_clients_can_be_refused_or_dropped_while_open_ones_stay()
    {
        using var open = await ConnectAsync();
        await EchoAsync(open, [0]);

        _proxy.RefuseNew();
        var refused = await Assert.ThrowsAsync<SocketException>(ConnectAsync);
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);

        _proxy.DropNew();
        await AssertResetAsync();

        _proxy.AcceptNew();
        using var accepted = await ConnectAsync();
        Assert.Equal([3], await EchoAsync(accepted, [3]));
        Assert.Equal([4], await EchoAsync(open, [4]));
    }

    [Fact]
    public async Task A_client_is_reset_when_nobody_listens_behind_the_proxy()
    {
        await _server.DisposeAsync();
        await AssertResetAsync();
    }

    [Fact]
    public void A_url_keeps_all_but_its_host_and_port() =>
        Assert.Equal(
            $"amqp://user:p%40ss@127.0.0.1:{_proxy.Port}/virtual%2Fhost?heartbeat=5",
            _proxy.Rewrite("amqp://user:p%40ss@broker.example:5673/virtual%2Fhost?heartbeat=5"));

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _proxy.Port), Token);
        return socket;
    }

    private static async Task<byte[]> EchoAsync(Socket socket, byte[] bytes)
    {
        var answer = ReceiveAsync(socket, bytes.Length);
        for (ReadOnlyMemory<byte> rest = bytes; !rest.IsEmpty;)
            rest = rest[await socket.SendAsync(rest, Token)..];
        return await answer;
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var received = 0; received < count;)
        {
            var more = await socket.ReceiveAsync(bytes.AsMemory(received), Token);
            Assert.NotEqual(0, more);
            received += more;
        }

        return bytes;
    }

    // The reset may come while the client still connects.
    private async Task AssertResetAsync()
    {
        var error = await Assert.ThrowsAsync<SocketException>(
            async () =>
            {
                using var client = await ConnectAsync();
                await client.ReceiveAsync(new byte[1], Token);
            });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    private static async Task<SocketError> ErrorAsync(Socket socket)
    {
        var error = await Assert.ThrowsAsync<SocketException>(async () => await socket.ReceiveAsync(new byte[1], Token));
        return error.SocketErrorCode;
    }
}
