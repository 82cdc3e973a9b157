using System.Diagnostics;
using Warren.TestKit;

namespace Warren.Samples.Tests.Grading;

/// <summary>A program as a process of its own, with the lines it prints.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly string _name;
    private readonly Process _process;
    private readonly Task _reading;

    private RunningProgram(string name, Process process)
    {
        (_name, _process) = (name, process);
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, Lines), ReadAsync(process.StandardError, Errors));
    }

    /// <summary>What it has printed.</summary>
    public Arrivals<string> Lines { get; } = new();

    /// <summary>What it has said on standard error.</summary>
    public Arrivals<string> Errors { get; } = new();

    /// <summary>Starts a program with settings that are the test's alone.</summary>
    public static RunningProgram Start(string name, string[] command, IReadOnlyDictionary<string, string?> environment, string? directory = null)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory ?? Path.GetTempPath(),
        };
        foreach (var setting in start.Environment.Keys.Where(IsSetting).ToList())
            start.Environment.Remove(setting);
        foreach (var (setting, value) in environment)
            start.Environment[setting] = value;
        return new(name, Process.Start(start)!);
    }

    /// <summary>The first line that begins so.</summary>
    /// <exception cref="InvalidOperationException">It ended without saying it; the message has what it said instead.</exception>
    public async Task<string> LineAsync(string beginning, CancellationToken cancellationToken)
    {
        await Eventually.ThatAsync(() => Find() is not null || _process.HasExited, $"{_name} says '{beginning}'", Patience, cancellationToken);
        if (Find() is null)
            await _reading;
        return Find() ?? throw new InvalidOperationException($"{_name} ended with {_process.ExitCode} and did not say '{beginning}'. It said:\n{Said()}");

        string? Find() => Lines.Items.FirstOrDefault(line => line.StartsWith(beginning, StringComparison.Ordinal));
    }

    /// <summary>Gives it a line to read.</summary>
    public async Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>Closes what it reads, and waits for its end.</summary>
    public async Task<int> FinishAsync(CancellationToken cancellationToken)
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync(cancellationToken).WaitAsync(Patience, TimeProvider.System, cancellationToken);
        await _reading;
        return _process.ExitCode;
    }

    /// <summary>Ends it, and what it has started, as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    /// <summary>What it said, in case that tells why a test failed.</summary>
    public string Said() => $"{_name}:\n{string.Join('\n', [.. Lines.Items.TakeLast(50), .. Errors.Items.TakeLast(100)])}";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await _reading;
        _process.Dispose();
    }

    // A developer's own broker is not the test's.
    private static bool IsSetting(string name) =>
        name.StartsWith("RABBITMQ_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("Warren__", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("OPENAI_", StringComparison.OrdinalIgnoreCase) || name is "WRITING_QUEUE" or "SPEAKING_QUEUE" or "RESULT_QUEUE";

    private static async Task ReadAsync(StreamReader reader, Arrivals<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
            lines.Add(line);
    }
}
