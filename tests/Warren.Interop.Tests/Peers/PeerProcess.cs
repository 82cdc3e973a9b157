using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace Warren.Interop.Tests.Peers;

/// <summary>
/// A running peer: takes lines of JSON, gives events. It ends when its standard input closes, so it cannot outlive the process of the
/// tests, however that ends.
/// </summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Until it says its first word a program loads, and with it the programs it starts: on a busy machine that is most of its time. The
    // scenarios give up by themselves after as long.
    private static readonly TimeSpan PatienceToStart = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);

    private readonly string _name;
    private readonly Process _process;
    private readonly Channel<JsonElement> _events = Channel.CreateUnbounded<JsonElement>();
    private readonly StringBuilder _errors = new();
    private readonly Task _reading;
    private readonly Task _readingErrors;
    private bool _hasSpoken;

    private PeerProcess(string name, Process process)
    {
        _name = name;
        _process = process;
        _reading = ReadAsync();
        _readingErrors = ReadErrorsAsync();
    }

    /// <summary>What it wrote to its standard error so far.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    /// <summary>Starts a peer in a role and returns when it listens, or waits for lines.</summary>
    /// <param name="kind">Which client it uses.</param>
    /// <param name="url">The broker.</param>
    /// <param name="role">publish, consume, rpc-call, rpc-serve or listen; tests/interop/README.md says what each does.</param>
    /// <param name="arguments">The role's arguments.</param>
    /// <param name="cancellationToken">Ends the wait, and the peer.</param>
    public static async Task<PeerProcess> StartAsync(
        PeerKind kind, string url, string role, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var peer = Start($"{kind} {role}", await PeerPrograms.CommandAsync(kind), [role, .. arguments], url);
        try
        {
            await peer.NextAsync("ready", cancellationToken);
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a scenario of a client; what it saw are its events, in order.</summary>
    public static async Task<PeerProcess> StartAsync(ScenarioClient client, string scenario, string url) =>
        Start($"{client} {scenario}", await PeerPrograms.CommandAsync(client), [scenario], url);

    /// <summary>Sends one line.</summary>
    public async Task SendAsync(object line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(line).AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>The next event, which must be the expected one.</summary>
    public async Task<JsonElement> NextAsync(string expected, CancellationToken cancellationToken)
    {
        var found = await NextAsync(cancellationToken);
        return found.Text("event") == expected
            ? found
            : throw new PeerException($"{_name} said {found.GetRawText()}; expected the event '{expected}'. It wrote:\n{Tail()}");
    }

    /// <summary>The next event, whatever it is.</summary>
    public async Task<JsonElement> NextAsync(CancellationToken cancellationToken)
    {
        var patience = _hasSpoken ? Patience : PatienceToStart;
        try
        {
            var next = await _events.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(patience, TimeProvider.System, cancellationToken);
            _hasSpoken = true;
            return next;
        }
        catch (Exception exception) when (exception is TimeoutException or ChannelClosedException)
        {
            var state = exception is TimeoutException ? $"said nothing for {patience.TotalSeconds} s" : "ended";
            throw new PeerException($"{_name} {state}; expected an event. It wrote:\n{Tail()}", exception);
        }
    }

    /// <summary>Sends one line and returns the event that answers it.</summary>
    public async Task<JsonElement> AskAsync(object line, string expected, CancellationToken cancellationToken)
    {
        await SendAsync(line, cancellationToken);
        return await NextAsync(expected, cancellationToken);
    }

    /// <summary>Lets it end by itself; it must say nothing more and end well.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync(cancellationToken).WaitAsync(Farewell, TimeProvider.System, cancellationToken);
        await Task.WhenAll(_reading, _readingErrors);
        if (_events.Reader.TryRead(out var more))
            throw new PeerException($"{_name} said {more.GetRawText()}; expected no further event.");
        if (_process.ExitCode != 0)
            throw new PeerException($"{_name} ended with {_process.ExitCode}; expected 0. It wrote:\n{Tail()}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync().WaitAsync(Farewell, TimeProvider.System);
        }
        catch (Exception exception) when (exception is TimeoutException or IOException)
        {
            // It hangs, or is already gone with a line unread: whatever is left of it ends here.
            _process.Kill(entireProcessTree: true);
        }

        await Task.WhenAll(_reading, _readingErrors);
        _process.Dispose();
    }

    private static PeerProcess Start(string name, (string Program, string Script) command, string[] arguments, string url)
    {
        var start = new ProcessStartInfo(command.Program, [command.Script, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["RABBITMQ_URL"] = url;
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        start.Environment["PEER_LOG_LEVEL"] = "DEBUG";
        start.Environment["NO_COLOR"] = "1";
        return new PeerProcess(name, Process.Start(start)!);
    }

    private string Tail()
    {
        var errors = Errors;
        return errors.Length > 4000 ? "…" + errors[^4000..] : errors;
    }

    private async Task ReadAsync()
    {
        Exception? failure = null;
        try
        {
            while (await _process.StandardOutput.ReadLineAsync() is { } line)
                _events.Writer.TryWrite(JsonDocument.Parse(line).RootElement);
        }
        catch (JsonException exception)
        {
            // Whoever waits for the next event is told.
            failure = exception;
        }

        _events.Writer.Complete(failure);
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors)
                _errors.AppendLine(line);
        }
    }
}

/// <summary>A peer did not do what the test expected of it.</summary>
internal sealed class PeerException(string message, Exception? innerException = null) : Exception(message, innerException);
