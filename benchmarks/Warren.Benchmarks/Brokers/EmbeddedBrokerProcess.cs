using System.Diagnostics;
using Warren.Benchmarks.Variants;
using Warren.Broker;

namespace Warren.Benchmarks.Brokers;

/// <summary>An embedded broker with its options as they are by default, and data on disk, in a process of its own that ends with this one.</summary>
internal sealed class EmbeddedBrokerProcess : IAsyncDisposable
{
    /// <summary>The verb of the command line that is the broker's side.</summary>
    public const string Verb = "run-broker";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly DirectoryInfo _directory;

    private EmbeddedBrokerProcess(Process process, DirectoryInfo directory, string url)
    {
        _process = process;
        _directory = directory;
        Broker = new(url, process.Id);
    }

    /// <summary>Where it is.</summary>
    public BenchBroker Broker { get; }

    /// <summary>Starts one on an empty directory.</summary>
    public static async Task<EmbeddedBrokerProcess> StartAsync(CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("warren-bench-broker-");
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [typeof(EmbeddedBrokerProcess).Assembly.Location, Verb, directory.FullName])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        // The variants' processes are too short for these; a broker is not, and has what an application has by default.
        start.Environment["DOTNET_TieredPGO"] = "1";
        start.Environment["DOTNET_TC_QuickJitForLoops"] = "1";
        // As the warren command has it.
        start.Environment["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0";
        var process = Process.Start(start) ?? throw new VariantFailedException($"{start.FileName} did not start.");
        var url = await process.StandardOutput.ReadLineAsync(cancellationToken)
            ?? throw new VariantFailedException("The embedded broker ended before it said where it listens.");
        return new(process, directory, url);
    }

    /// <summary>The broker's side: runs until standard input ends.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string directory)
    {
        await using var broker = await EmbeddedBroker.StartAsync(new BrokerOptions { Data = directory });
        await Console.Out.WriteLineAsync(broker.Url);
        await Console.In.ReadToEndAsync();
        return 0;
    }

    /// <summary>Stops it and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // It does not stop in order; what was measured is measured all the same.
            _process.Kill();
        }
        _process.Dispose();
        _directory.Delete(recursive: true);
    }
}
