using System.Diagnostics;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>A store in a process of its own: <c>Warren.Coordinator.Host</c>.</summary>
internal sealed class StoreProcess : IAsyncDisposable
{
    private readonly Process _process;

    private StoreProcess(Process process, string answer)
    {
        _process = process;
        Answer = answer;
    }

    /// <summary>What it said when it had opened the store: <c>ready</c>, or <c>refused</c> and why.</summary>
    public string Answer { get; }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Starts it and returns when it has opened the store, or was refused.</summary>
    public static async Task<StoreProcess> StartAsync(string address, CancellationToken cancellationToken, params string[] wrapper)
    {
        string[] command = [.. wrapper, Path.Combine(AppContext.BaseDirectory, "Warren.Coordinator.Host"), address];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        return new(process, await process.StandardOutput.ReadLineAsync(cancellationToken) ?? "");
    }

    /// <summary>Tells it something.</summary>
    public async Task SayAsync(string command, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(command.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>The next line it says, or null when it is gone.</summary>
    public Task<string?> ReadAsync(CancellationToken cancellationToken) => _process.StandardOutput.ReadLineAsync(cancellationToken).AsTask();

    /// <summary>Kills it, without a chance to do anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
