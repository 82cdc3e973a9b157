using System.Diagnostics;

namespace Warren.TestKit;

/// <summary>The embedded broker as <c>warren broker</c> runs it: a process that can be stopped and killed, gone without trace when the tests are.</summary>
/// <remarks>The project of the tests must reference Warren.Cli, so that the program lies beside them.</remarks>
public sealed class EmbeddedBrokerProcess : IBrokerProcess
{
    // Reads signal names from its standard input and passes them to the broker. When the input closes, because it was told to or
    // because the process of the tests is gone, it kills the broker and deletes its data. It ends when the broker ends.
    private const string Watcher =
        """
        trap '' INT TERM HUP
        directory=$1; shift
        exec 3<&0
        (trap - INT TERM HUP; exec "$@") </dev/null 2>>"$directory/log" 3<&- & broker=$!
        {
          while read -r signal; do kill -s "$signal" "$broker"; done
          kill -s KILL "$broker"
          rm -rf "$directory"
        } <&3 >/dev/null 2>&1 & watch=$!
        exec >/dev/null 2>&1
        wait "$broker"; status=$?
        if [ -d "$directory" ]; then kill -s KILL "$watch"; else wait "$watch"; fi
        exit "$status"
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _directory = Directory.CreateTempSubdirectory("warren-broker-process-").FullName;
    private readonly int _port = FreePorts.Next();
    private Process? _watcher;

    private EmbeddedBrokerProcess()
    {
    }

    /// <inheritdoc/>
    public string Url => $"amqp://guest:guest@127.0.0.1:{_port}/";

    /// <summary>Starts a broker and returns when it takes connections.</summary>
    /// <exception cref="InvalidOperationException">It did not start; the message ends with what it said.</exception>
    public static async Task<EmbeddedBrokerProcess> StartAsync(CancellationToken cancellationToken = default)
    {
        var broker = new EmbeddedBrokerProcess();
        try
        {
            await broker.StartAgainAsync(cancellationToken);
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task StartAgainAsync(CancellationToken cancellationToken = default)
    {
        if (_watcher is not null)
            throw new InvalidOperationException($"The broker on port {_port} runs; only a stopped or killed one can be started again.");
        string[] broker =
        [
            "dotnet", Path.Combine(AppContext.BaseDirectory, "warren.dll"), "broker",
            "--amqp", $"127.0.0.1:{_port}", "--data", Path.Combine(_directory, "data"),
        ];
        var start = new ProcessStartInfo("/bin/sh", ["-c", Watcher, "warren-broker", _directory, .. broker])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _watcher = Process.Start(start) ?? throw new InvalidOperationException("/bin/sh could not be started.");
        var said = await _watcher.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(Patience, TimeProvider.System, cancellationToken);
        if (said?.StartsWith(Url, StringComparison.Ordinal) != true)
            throw new InvalidOperationException($"The broker said '{said}'; expected a line that begins with {Url}. It wrote:\n{File.ReadAllText(Path.Combine(_directory, "log"))}");
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken = default) => EndAsync("TERM", cancellationToken);

    /// <inheritdoc/>
    public Task KillAsync(CancellationToken cancellationToken = default) => EndAsync("KILL", cancellationToken);

    /// <summary>Kills the broker and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_watcher is not null)
        {
            _watcher.StandardInput.Close();
            await _watcher.WaitForExitAsync();
            _watcher.Dispose();
        }

        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }

    private async Task EndAsync(string signal, CancellationToken cancellationToken)
    {
        if (_watcher is null)
            return;
        await _watcher.StandardInput.WriteLineAsync(signal.AsMemory(), cancellationToken);
        await _watcher.StandardInput.FlushAsync(cancellationToken);
        await _watcher.WaitForExitAsync(cancellationToken).WaitAsync(Patience, TimeProvider.System, cancellationToken);
        _watcher.Dispose();
        _watcher = null;
    }
}
