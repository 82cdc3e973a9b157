using System.Diagnostics;
using System.Globalization;

namespace Warren.TestKit;

/// <summary>A PostgreSQL server of the tests' own: on a free port of 127.0.0.1, in a temporary directory, ended with this process.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "warren";

    // Reads signal names from its standard input and passes them to the server, or starts it again. When the input closes, because it was
    // told to or because the process of the tests is gone, it ends the server and deletes its data.
    private const string Watcher =
        """
        trap '' INT TERM HUP
        exec 3<&0 4>&1 >>"$1/server.log" 2>&1
        run() { $3 "$2/postgres" -D "$1/data" -k "$1" </dev/null 3<&- 4>&- & server=$!; }
        run "$@"
        echo started >&4
        while read -r word <&3; do
          case $word in
            start) run "$@" ;;
            *) kill -s "$word" "$server"; wait "$server" ;;
          esac
          echo "$word" >&4
        done
        kill -s QUIT "$server"; wait "$server"
        rm -rf "$1"
        """;

    private readonly Process _watcher;
    private readonly string _directory;
    private readonly SemaphoreSlim _oneWord = new(1, 1);
    private int _databases;

    private PostgresServer(Process watcher, string directory, int port)
    {
        _watcher = watcher;
        _directory = directory;
        Port = port;
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>Whether there is a PostgreSQL to start.</summary>
    public static bool IsInstalled => Programs() is not null;

    /// <summary>Starts a server; the test is skipped, or failed on CI, when PostgreSQL is not installed.</summary>
    /// <param name="isDurable">Whether a commit waits for the disk. Without, a killed server keeps what it committed; a machine without power would not.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<PostgresServer> StartAsync(bool isDurable = false, CancellationToken cancellationToken = default)
    {
        if (Programs() is not { } programs)
        {
            Services.Missing("postgresql is not installed; ./test installs it.");
            return null;
        }

        var directory = Directory.CreateTempSubdirectory("warren-postgres-").FullName;
        var port = FreePorts.Next();
        string[] asUser = [];
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL does not run as root; its package brings a user.
            asUser = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];
            await RunAsync(["chown", "postgres:postgres", directory], cancellationToken);
        }

        await RunAsync(
            [.. asUser, $"{programs}/initdb", "-D", $"{directory}/data", "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], cancellationToken);
        await File.AppendAllTextAsync(
            $"{directory}/data/postgresql.conf",
            string.Create(
                CultureInfo.InvariantCulture,
                $"""

                port = {port}
                listen_addresses = '127.0.0.1'
                max_connections = 300
                shared_buffers = 128MB
                fsync = {(isDurable ? "on" : "off")}
                full_page_writes = {(isDurable ? "on" : "off")}
                autovacuum_naptime = 5s

                """),
            cancellationToken);

        var start = new ProcessStartInfo("/bin/sh", ["-c", Watcher, "postgres-server", directory, programs, string.Join(' ', asUser)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        var watcher = Process.Start(start) ?? throw new InvalidOperationException("/bin/sh could not be started.");
        var server = new PostgresServer(watcher, directory, port);
        await watcher.StandardOutput.ReadLineAsync(cancellationToken);
        await server.UntilReadyAsync(cancellationToken);
        return server;
    }

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its URL.</returns>
    public async Task<string> NewDatabaseAsync(CancellationToken cancellationToken = default)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test{Interlocked.Increment(ref _databases)}");
        await SqlAsync($"CREATE DATABASE {name}", cancellationToken: cancellationToken);
        return Url(name);
    }

    /// <summary>The URL of a database.</summary>
    public string Url(string database) => string.Create(CultureInfo.InvariantCulture, $"postgres://{User}@127.0.0.1:{Port}/{database}");

    /// <summary>Runs a statement in a session of its own, and gives what it prints.</summary>
    public Task<string> SqlAsync(string sql, string database = "postgres", CancellationToken cancellationToken = default) =>
        RunAsync([$"{Programs()}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", Url(database), "-c", sql], cancellationToken);

    /// <summary>Ends the server at once, as a crash does, and returns when it is gone.</summary>
    public Task CrashAsync(CancellationToken cancellationToken = default) => SayAsync("QUIT", cancellationToken);

    /// <summary>Starts it again, with its data, on its port.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken = default)
    {
        await SayAsync("start", cancellationToken);
        await UntilReadyAsync(cancellationToken);
    }

    /// <summary>Ends the server and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        _watcher.StandardInput.Close();
        await _watcher.WaitForExitAsync();
        _watcher.Dispose();
        _oneWord.Dispose();
    }

    private static string? Programs()
    {
        const string debian = "/usr/lib/postgresql";
        var directories = Directory.Exists(debian) ? Directory.EnumerateDirectories(debian).OrderDescending().Select(path => Path.Combine(path, "bin")) : [];
        return directories.FirstOrDefault(path => File.Exists(Path.Combine(path, "initdb")))
            ?? (Services.FindOnPath("initdb") is { } initdb ? Path.GetDirectoryName(initdb) : null);
    }

    private static async Task<string> RunAsync(string[] command, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        }) ?? throw new InvalidOperationException($"{command[0]} could not be started.");
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? (await output).Trim()
            : throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}: {await errors}");
    }

    private async Task UntilReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Eventually.GetAsync(
                () => SqlAsync("SELECT 1", cancellationToken: cancellationToken), answer => answer == "1", "PostgreSQL answers", cancellationToken: cancellationToken);
        }
        catch (EventuallyException error)
        {
            throw new InvalidOperationException($"PostgreSQL did not start: {await File.ReadAllTextAsync($"{_directory}/server.log", cancellationToken)}", error);
        }
    }

    private async Task SayAsync(string word, CancellationToken cancellationToken)
    {
        await _oneWord.WaitAsync(cancellationToken);
        try
        {
            await _watcher.StandardInput.WriteLineAsync(word.AsMemory(), cancellationToken);
            await _watcher.StandardInput.FlushAsync(cancellationToken);
            await _watcher.StandardOutput.ReadLineAsync(cancellationToken);
        }
        finally
        {
            _oneWord.Release();
        }
    }
}
