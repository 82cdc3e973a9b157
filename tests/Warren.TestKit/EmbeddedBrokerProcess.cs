using System.Diagnostics;
using System.Text;

namespace Warren.TestKit;

/// <summary>The embedded broker as <c>warren broker</c>, a process of its own on one port and one data directory, gone without trace when disposed or when the tests die.</summary>
public sealed class EmbeddedBrokerProcess : IBrokerProcess
{
    // Runs the broker and passes it the signals that are named on standard input. When that closes, because it was told to or because the
    // process of the tests is gone, it kills the broker and deletes its data.
    private const string Watcher =
        """
        exec 3<&0
        data=$1
        shift
        "$@" </dev/null 3<&- & broker=$!
        {
          while read -r signal; do kill -s "$signal" "$broker"; done
          : >"$data/abandoned"
          kill -s KILL "$broker"
        } <&3 >/dev/null 2>&1 & watch=$!
        wait "$broker"; status=$?
        kill -s KILL "$watch"
        if [ -e "$data/abandoned" ]; then rm -rf "$data"; fi
        exit "$status"
        """;

    private const int StartTries = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _data = Directory.CreateTempSubdirectory("warren-broker-process-").FullName;
    private readonly StringBuilder _errors = new();
    private Process? _watcher;
    private int _port;
    private int _virtualHosts;

    private EmbeddedBrokerProcess()
    {
    }

    /// <inheritdoc/>
    public string Url => $"amqp://guest:guest@127.0.0.1:{_port}/";

    /// <summary>Starts a broker and returns when it takes connections.</summary>
    /// <exception cref="InvalidOperationException">It did not start: the message ends with what it said.</exception>
    public static async Task<EmbeddedBrokerProcess> StartAsync(CancellationToken cancellationToken = default)
    {
        var broker = new EmbeddedBrokerProcess();
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                broker._port = FreePorts.Next();
                try
                {
                    await broker.RunAsync(cancellationToken);
                    return broker;
                }
                catch (InvalidOperationException error) when (attempt < StartTries && error.Message.Contains("is in use", StringComparison.Ordinal))
                {
                    // Another run drew the same port in the moment between the look and the bind.
                    broker.Forget();
                }
            }
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>The default virtual host, once: it is empty, and nobody can make another from outside of the process.</summary>
    public Task<string> NewVirtualHostAsync(CancellationToken cancellationToken = default) => Interlocked.Increment(ref _virtualHosts) == 1
        ? Task.FromResult(Url)
        : throw new InvalidOperationException("A broker in a process has one virtual host, and this is the second that is asked for.");

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (!await EndAsync("TERM", cancellationToken))
            return;
        var exitCode = _watcher!.ExitCode;
        if (exitCode != 0)
            throw new InvalidOperationException($"The broker ended with exit code {exitCode}; expected 0. It said: {Errors()}");
    }

    /// <inheritdoc/>
    public Task KillAsync(CancellationToken cancellationToken = default) => EndAsync("KILL", cancellationToken);

    /// <inheritdoc/>
    public Task StartAgainAsync(CancellationToken cancellationToken = default)
    {
        if (_watcher is { HasExited: false })
            throw new InvalidOperationException($"The broker on port {_port} runs; only a stopped or killed one can be started again.");
        Forget();
        return RunAsync(cancellationToken);
    }

    /// <summary>Kills the broker and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_watcher is { HasExited: false })
        {
            _watcher.StandardInput.Close();
            await _watcher.WaitForExitAsync();
        }

        Forget();
        if (Directory.Exists(_data))
            Directory.Delete(_data, recursive: true);
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        string[] broker = [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Program(), "broker", "--port", $"{_port}", "--data", Path.Combine(_data, "kept")];
        var start = new ProcessStartInfo("/bin/sh", ["-c", Watcher, "warren-broker", _data, .. broker])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Settings of the developer's are not the test's.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("Warren__", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        lock (_errors)
            _errors.Clear();

        _watcher = Process.Start(start)!;
        _watcher.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
                _errors.AppendLine(line.Data);
        };
        _watcher.BeginErrorReadLine();
        var ready = await _watcher.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(Patience, TimeProvider.System, cancellationToken);
        if (ready?.StartsWith(Url, StringComparison.Ordinal) == true)
            return;
        await _watcher.WaitForExitAsync(cancellationToken);
        throw new InvalidOperationException($"The broker did not start on port {_port}. It said: {ready}{Errors()}");
    }

    private async Task<bool> EndAsync(string signal, CancellationToken cancellationToken)
    {
        if (_watcher is not { HasExited: false })
            return false;
        await _watcher.StandardInput.WriteLineAsync(signal.AsMemory(), cancellationToken);
        await _watcher.StandardInput.FlushAsync(cancellationToken);
        await _watcher.WaitForExitAsync(cancellationToken).WaitAsync(Patience, TimeProvider.System, cancellationToken);
        return true;
    }

    private void Forget()
    {
        _watcher?.Dispose();
        _watcher = null;
    }

    private string Errors()
    {
        lock (_errors)
            return _errors.ToString();
    }

    // Beside this program among what the build has made, in the same configuration.
    private static string Program()
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(here.Parent!.Parent!.FullName, "Warren.Cli", here.Name, "warren.dll");
        return File.Exists(program) ? program : throw new InvalidOperationException($"{program} is missing; expected the command line, built with the tests.");
    }
}
