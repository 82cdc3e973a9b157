using System.Diagnostics;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Jobs;

/// <summary>A process that is measured; it ends with its standard input, or is ended.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    /// <summary>Its id.</summary>
    public int Id => _process.Id;

    /// <summary>Starts a process of this program and waits until it says that it is ready.</summary>
    public static async Task<ChildProcess> StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [typeof(ChildProcess).Assembly.Location, .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
        };
        start.Environment["DOTNET_TieredPGO"] = "1";
        start.Environment["DOTNET_TC_QuickJitForLoops"] = "1";
        start.Environment["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0";
        var process = Process.Start(start) ?? throw new VariantFailedException($"{start.FileName} did not start.");
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience, TimeProvider.System);
        return line == "ready" ? new(process) : throw new VariantFailedException($"{arguments[0]} did not start; it said '{line}'.");
    }

    /// <summary>Starts any program, with variables of its own, whose output nobody reads.</summary>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, string directory, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        return new(Process.Start(start) ?? throw new VariantFailedException($"{program} did not start."));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10), TimeProvider.System);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // A program that does not end with its input.
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }
        _process.Dispose();
    }
}
