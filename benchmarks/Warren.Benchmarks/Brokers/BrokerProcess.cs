using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Warren.Benchmarks.Brokers;

/// <summary>A RabbitMQ node of this bench alone: own name, ports, port mapper and temporary directory, gone when disposed.</summary>
internal sealed class BrokerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly DirectoryInfo _directory;
    private readonly Process _mapper;
    private readonly Process _server;

    private BrokerProcess(DirectoryInfo directory, Process mapper, Process server, string url)
    {
        _directory = directory;
        _mapper = mapper;
        _server = server;
        Url = url;
    }

    /// <summary>Where it listens.</summary>
    public string Url { get; }

    /// <summary>Starts a node and waits until it accepts connections.</summary>
    public static async Task<BrokerProcess> StartAsync(CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("warren-bench-");
        var (port, distribution, mapping) = FreePorts();
        var environment = new Dictionary<string, string>
        {
            ["HOME"] = directory.FullName,
            ["ERL_EPMD_PORT"] = Text(mapping),
            ["RABBITMQ_NODENAME"] = $"warren-bench-{port}@localhost",
            ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODE_PORT"] = Text(port),
            ["RABBITMQ_DIST_PORT"] = Text(distribution),
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(directory.FullName, "data"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(directory.FullName, "log"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(directory.FullName, "plugins"),
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(directory.FullName, "none"),
        };
        var mapper = Start("epmd", ["-port", Text(mapping)], environment);
        var server = Start(ServerProgram(), [], environment);
        var broker = new BrokerProcess(directory, mapper, server, $"amqp://guest:guest@127.0.0.1:{port}");
        try
        {
            await broker.WaitUntilReadyAsync(cancellationToken);
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills the node, whose data nobody needs, and removes its directory.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in (Process[])[_server, _mapper])
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
        _directory.Delete(recursive: true);
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(StartLimit, TimeProvider.System);
        var factory = new ConnectionFactory { Uri = new Uri(Url) };
        while (true)
        {
            try
            {
                await using var connection = await factory.CreateConnectionAsync(cancellationToken);
                await connection.CloseAsync(cancellationToken);
                return;
            }
            catch (BrokerUnreachableException error)
            {
                if (_server.HasExited)
                    throw new InvalidOperationException($"rabbitmq-server ended with exit code {_server.ExitCode}; it was to start.", error);
                if (deadline.IsCancellationRequested)
                    throw new TimeoutException($"rabbitmq-server did not accept connections within {StartLimit.TotalSeconds:0} s.", error);
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
            }
        }
    }

    // Debian's program in PATH changes to the user rabbitmq when root starts it; the one behind it does not.
    private static string ServerProgram() =>
        File.Exists("/usr/lib/rabbitmq/bin/rabbitmq-server") ? "/usr/lib/rabbitmq/bin/rabbitmq-server" : "rabbitmq-server";

    private static Process Start(string program, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        // Its own log files tell more; the pipes are only kept from filling up.
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static (int, int, int) FreePorts()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        using var third = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        third.Start();
        return (Port(first), Port(second), Port(third));
    }

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
