using System.Net;
using System.Net.Sockets;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Tests.Connections;

public sealed class BrokerStreamTests : IAsyncLifetime
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private Socket _near = null!;
    private Socket _far = null!;
    private BrokerStream _stream = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _listener.Start();
        _near = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var accepting = _listener.AcceptSocketAsync(Cancel);
        await _near.ConnectAsync(_listener.LocalEndpoint, Cancel);
        _far = await accepting;
        _stream = new(_near);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _near.Dispose();
        _far.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public async Task Pieces_of_any_size_arrive_in_order()
    {
        var random = new Random(7);
        var sizes = Enumerable.Range(0, 3000).Select(_ => random.Next(10) == 0 ? random.Next(200_000) : random.Next(300)).ToList();
        var reading = ReadAsync(sizes.Sum());

        var next = 0;
        foreach (var size in sizes)
            await _stream.WriteAsync(Counted(next, next += size), Cancel);

        Assert.True((await reading).AsSpan().SequenceEqual(Counted(0, next)));
    }

    [Fact]
    public async Task A_piece_may_be_changed_once_it_is_written()
    {
        var reading = ReadAsync(100 * 1000);
        var piece = new byte[1000];
        for (byte round = 0; round < 100; round++)
        {
            piece.AsSpan().Fill(round);
            await _stream.WriteAsync(piece, Cancel);
        }

        var read = await reading;
        Assert.Equal(Enumerable.Range(0, 100).SelectMany(round => Enumerable.Repeat((byte)round, 1000)), read);
    }

    [Fact]
    public async Task Who_is_not_read_is_held_up()
    {
        const int All = 64 * 1024 * 1024;
        // What two sockets of this machine take in at most, and more.
        const int Most = 24 * 1024 * 1024;
        const int Piece = 8 * 1024;
        var written = 0L;
        var writing = Task.Run(
            async () =>
            {
                var piece = new byte[Piece];
                while (written < All)
                {
                    await _stream.WriteAsync(piece, Cancel);
                    Interlocked.Add(ref written, piece.Length);
                }
            },
            Cancel);

        var buffer = new byte[8 * 1024];
        for (var read = 0L; read < All;)
        {
            // What is written is counted a moment later: by then the piece in hand may have been read.
            Assert.InRange(Interlocked.Read(ref written) - read, -Piece, Most);
            read += await _far.ReceiveAsync(buffer, SocketFlags.None, Cancel);
            await Task.Yield();
        }
        await writing;
    }

    [Fact]
    public async Task A_lost_connection_is_told_to_who_writes()
    {
        _far.LingerState = new LingerOption(enable: true, seconds: 0);
        _far.Dispose();

        await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (true)
            {
                await _stream.WriteAsync(new byte[16], Cancel);
                await Task.Yield();
            }
        });
    }

    [Fact]
    public async Task The_end_is_an_error_and_not_nothing()
    {
        _far.Shutdown(SocketShutdown.Send);

        var error = await Assert.ThrowsAsync<EndOfStreamException>(async () => await _stream.ReadExactlyAsync(new byte[16], Cancel));

        Assert.Equal("The broker ended the connection.", error.Message);
    }

    private static byte[] Counted(int from, int to) => [.. Enumerable.Range(from, to - from).Select(number => (byte)(number % 251))];

    private async Task<byte[]> ReadAsync(int length)
    {
        var bytes = new byte[length];
        for (var read = 0; read < length;)
            read += await _far.ReceiveAsync(bytes.AsMemory(read), SocketFlags.None, Cancel);
        return bytes;
    }
}
