using System.Diagnostics;

namespace Warren.Chaos.Tests;

/// <summary>A coordinator or worker in a process of its own, which can be killed, frozen and stopped; it ends with the tests.</summary>
internal sealed class Node : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private Node(Process process) => _process = process;

    /// <summary>The process.</summary>
    public int Id => _process.Id;

    /// <summary>When it stood still, by the machine's monotonic clock.</summary>
    public List<(double From, double To)> Frozen { get; } = [];

    /// <summary>When it ended; null while it runs.</summary>
    public double? Ended { get; private set; }

    /// <summary>The machine's monotonic clock, in seconds.</summary>
    public static double Now => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    /// <summary>Starts one and returns when its host has started.</summary>
    public static async Task<Node> StartAsync(params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Warren.Chaos.Host.dll");
        var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience, TimeProvider.System);
        return line == "ready" ? new(process) : throw new InvalidOperationException($"{string.Join(' ', arguments)} did not start; it said '{line}'.");
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        Ended ??= Now;
    }

    /// <summary>Lets it stop in order.</summary>
    public async Task StopAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Patience, TimeProvider.System);
        Ended ??= Now;
    }

    /// <summary>Moves its wall clock.</summary>
    public async Task ShiftClockAsync(TimeSpan by)
    {
        await _process.StandardInput.WriteLineAsync(((int)by.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture));
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Has it stand still for a time.</summary>
    public async Task FreezeAsync(TimeSpan time)
    {
        await SignalAsync("STOP");
        var from = Now;
        await Task.Delay(time, TimeProvider.System);
        await SignalAsync("CONT");
        Frozen.Add((from, Now));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("/bin/kill", ["-s", signal, $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }
}
