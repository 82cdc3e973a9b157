using System.Diagnostics;
using System.Globalization;
using Warren.Interop.Tests.Peers;

namespace Warren.Interop.Tests.Jobs;

/// <summary>A running Python program of jobs. Whatever is left of it ends with the test.</summary>
internal sealed class PythonProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private PythonProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public static async Task<PythonProcess> StartAsync(string script, string url, params string[] arguments)
    {
        var (program, path) = await PeerPrograms.CommandAsync(script);
        var start = new ProcessStartInfo(program, [path, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["RABBITMQ_URL"] = url;
        return new(Process.Start(start)!);
    }

    public async Task<string> NextLineAsync()
    {
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience, TimeProvider.System);
        return line ?? throw new PeerException($"The program ended without a further line. It wrote:\n{await _errors}");
    }

    /// <summary>Waits for its end, which must be a good one.</summary>
    public async Task EndsAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience, TimeProvider.System);
        Assert.True(_process.ExitCode == 0, $"It ended with {_process.ExitCode}:\n{await _errors}");
    }

    public async Task TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
