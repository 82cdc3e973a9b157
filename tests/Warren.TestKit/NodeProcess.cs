using System.Diagnostics;

namespace Warren.TestKit;

/// <summary>One run of a RabbitMQ node and its own epmd, under a watcher that ends both when this process ends in whatever way.</summary>
internal sealed class NodeProcess : IDisposable
{
    // Reads signal names from its standard input and passes them to the node. When the input closes, because it was told to or
    // because the process of the tests is gone, it kills the node and deletes its data. It ends when the node ends.
    private const string Watcher =
        """
        trap '' INT TERM HUP
        exec 3<&0 4>&1 >/dev/null 2>&1
        epmd -port "$ERL_EPMD_PORT" </dev/null 3<&- 4>&- & epmd=$!
        until epmd -port "$ERL_EPMD_PORT" -names; do kill -0 "$epmd" || break; done
        "$1" </dev/null >>"$2/start.log" 2>&1 3<&- 4>&- & node=$!
        echo "$node" >&4
        {
          while read -r signal; do kill -s "$signal" "$node"; echo "$signal" >&4; done
          : >"$2/abandoned"
          kill -s KILL "$node"
        } <&3 & watch=$!
        wait "$node"; status=$?
        kill -s KILL "$epmd" "$watch"
        if [ -e "$2/abandoned" ]; then rm -rf "$2"; fi
        exit "$status"
        """;

    private readonly Process _watcher;
    private readonly SemaphoreSlim _oneSignal = new(1, 1);

    private NodeProcess(Process watcher, int id)
    {
        _watcher = watcher;
        Id = id;
        Exited = watcher.WaitForExitAsync();
    }

    /// <summary>The process id of the node's runtime.</summary>
    public int Id { get; }

    /// <summary>Ends when the node has ended.</summary>
    public Task Exited { get; }

    /// <summary>How the node ended.</summary>
    public int ExitCode => _watcher.ExitCode;

    /// <summary>Starts <paramref name="server"/> with its data in <paramref name="directory"/>.</summary>
    public static async Task<NodeProcess> StartAsync(
        string server, string directory, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Watcher, "rabbitmq-node", server, directory])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = directory,
        };
        foreach (var name in start.Environment.Keys.Where(IsAboutRabbitMq).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        var watcher = Process.Start(start) ?? throw new InvalidOperationException("/bin/sh could not be started.");
        var line = await watcher.StandardOutput.ReadLineAsync(cancellationToken);
        return int.TryParse(line, out var id)
            ? new NodeProcess(watcher, id)
            : throw new InvalidOperationException($"The watcher of a node said '{line}' where its process id was expected.");
    }

    /// <summary>Sends a signal (<c>KILL</c>, <c>STOP</c>, <c>CONT</c>) to the node and returns when it was sent.</summary>
    public async Task SignalAsync(string signal, CancellationToken cancellationToken)
    {
        await _oneSignal.WaitAsync(cancellationToken);
        try
        {
            await _watcher.StandardInput.WriteLineAsync(signal.AsMemory(), cancellationToken);
            await _watcher.StandardInput.FlushAsync(cancellationToken);
            await _watcher.StandardOutput.ReadLineAsync(cancellationToken);
        }
        finally
        {
            _oneSignal.Release();
        }
    }

    /// <summary>Kills the node, deletes its data and returns when both are gone.</summary>
    public async Task AbandonAsync()
    {
        _watcher.StandardInput.Close();
        await Exited;
    }

    /// <summary>Lets go of the process handle; the node must have ended.</summary>
    public void Dispose()
    {
        _watcher.Dispose();
        _oneSignal.Dispose();
    }

    // A variable of the developer's own shell must not lead the private node to the system's.
    private static bool IsAboutRabbitMq(string name) =>
        name.StartsWith("RABBITMQ_", StringComparison.Ordinal) || name.StartsWith("ERL_", StringComparison.Ordinal);
}
