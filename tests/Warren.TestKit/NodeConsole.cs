using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Warren.TestKit;

/// <summary>A line into a running RabbitMQ node that evaluates Erlang expressions in milliseconds, where <c>rabbitmqctl</c> starts a runtime each time.</summary>
/// <remarks>
/// The node runs <see cref="Script"/> as the last step of its boot and calls back on a socket that waits here, so the call is also
/// the sign that the node is ready. Frames are a four-byte length, an eight-byte request id and UTF-8 text; an answer has a byte
/// before its text: 0 for a value, 1 for a failure.
/// </remarks>
internal sealed class NodeConsole : IAsyncDisposable
{
    private const string Script =
        """
        Port = @port@, Token = <<"@token@">>,
        Text = fun(Value) when is_binary(Value) -> Value;
                  (Value) -> unicode:characters_to_binary(io_lib:format("~0tp", [Value])) end,
        Answer = fun(Socket, Id, Source) ->
            Reply = try
                {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Source)),
                {ok, Expressions} = erl_parse:parse_exprs(Tokens),
                {value, Value, _} = erl_eval:exprs(Expressions, erl_eval:new_bindings()),
                [0, Text(Value)]
            catch Class:Reason -> [1, Text({Class, Reason})] end,
            gen_tcp:send(Socket, [<<Id:64>>, Reply])
        end,
        Serve = fun Next(Socket) ->
            case gen_tcp:recv(Socket, 0) of
                {ok, <<Id:64, Source/binary>>} -> spawn(fun() -> Answer(Socket, Id, Source) end), Next(Socket);
                _ -> ok
            end
        end,
        spawn(fun() ->
            {ok, Socket} = gen_tcp:connect({127,0,0,1}, Port, [binary, {packet, 4}, {active, false}, {nodelay, true}]),
            ok = gen_tcp:send(Socket, Token),
            Serve(Socket)
        end).

        """;

    private readonly ConcurrentDictionary<long, TaskCompletionSource<string>> _open = new();
    private readonly SemaphoreSlim _oneWrite = new(1, 1);
    private readonly Socket _socket;
    private readonly Task _reading;
    private long _lastId;
    private volatile bool _ended;

    private NodeConsole(Socket socket)
    {
        _socket = socket;
        _reading = ReadAsync();
    }

    /// <summary>Writes the script a node runs at the end of its boot to <paramref name="path"/> and waits for its call.</summary>
    /// <param name="start">Starts the node, once the script is there and somebody listens.</param>
    /// <param name="ended">Ends when the node has ended, which ends the wait too.</param>
    /// <returns>The console, or null when the node ended before it was ready.</returns>
    public static async Task<NodeConsole?> OpenAsync(string path, Func<Task> start, Func<Task> ended, CancellationToken cancellationToken)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        await File.WriteAllTextAsync(
            path,
            Script.Replace("@port@", $"{port}", StringComparison.Ordinal).Replace("@token@", token, StringComparison.Ordinal),
            cancellationToken);
        await start();

        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var calling = AcceptAsync(listener, Encoding.ASCII.GetBytes(token), giveUp.Token);
        if (await Task.WhenAny(calling, ended()) == calling)
            return new NodeConsole(await calling);

        await giveUp.CancelAsync();
        await calling.ContinueWith(static _ => { }, TaskScheduler.Default);
        return null;
    }

    /// <summary>Evaluates Erlang expressions, ending in a dot, in the node and returns the last one's value: a binary as it is, else as a term.</summary>
    /// <exception cref="InvalidOperationException">The expression failed, or the node is down.</exception>
    public async Task<string> EvaluateAsync(string expressions, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _open[id] = answer;
        if (_ended)
            FailOpen();

        try
        {
            await SendAsync(id, expressions, cancellationToken);
            return await answer.Task.WaitAsync(cancellationToken);
        }
        catch (SocketException exception)
        {
            throw new InvalidOperationException("The node is down.", exception);
        }
        finally
        {
            _open.TryRemove(id, out _);
        }
    }

    /// <summary>Hangs up.</summary>
    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _reading;
        _oneWrite.Dispose();
    }

    private static async Task<Socket> AcceptAsync(Socket listener, byte[] token, CancellationToken cancellationToken)
    {
        while (true)
        {
            var socket = await listener.AcceptAsync(cancellationToken);
            var hello = new byte[4 + token.Length];
            if (await TryReceiveAsync(socket, hello, cancellationToken) && hello.AsSpan(4).SequenceEqual(token))
            {
                socket.NoDelay = true;
                return socket;
            }

            // Somebody else's client; a private port is still open to the whole machine.
            socket.Dispose();
        }
    }

    private static async Task<bool> TryReceiveAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            var received = await socket.ReceiveAsync(buffer, cancellationToken);
            if (received == 0)
                return false;
            buffer = buffer[received..];
        }

        return true;
    }

    private async Task SendAsync(long id, string expressions, CancellationToken cancellationToken)
    {
        var text = Encoding.UTF8.GetBytes(expressions);
        var frame = new byte[12 + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, 8 + text.Length);
        BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(4), id);
        text.CopyTo(frame, 12);

        await _oneWrite.WaitAsync(cancellationToken);
        try
        {
            for (ReadOnlyMemory<byte> rest = frame; !rest.IsEmpty;)
                rest = rest[await _socket.SendAsync(rest, CancellationToken.None)..];
        }
        finally
        {
            _oneWrite.Release();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            var head = new byte[4];
            while (await TryReceiveAsync(_socket, head, CancellationToken.None))
            {
                var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(head)];
                if (!await TryReceiveAsync(_socket, frame, CancellationToken.None))
                    break;
                if (!_open.TryRemove(BinaryPrimitives.ReadInt64BigEndian(frame), out var answer))
                    continue;

                var text = Encoding.UTF8.GetString(frame.AsSpan(9));
                if (frame[8] == 0)
                    answer.TrySetResult(text);
                else
                    answer.TrySetException(new InvalidOperationException($"The node could not evaluate the expression: {text}"));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The node was killed or we hung up; whoever waits is told below.
        }

        _ended = true;
        FailOpen();
    }

    private void FailOpen()
    {
        foreach (var answer in _open.Values)
            answer.TrySetException(new InvalidOperationException("The node is down."));
    }
}
