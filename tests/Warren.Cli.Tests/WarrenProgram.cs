using System.Diagnostics;
using Warren.TestKit;

namespace Warren.Cli.Tests;

/// <summary>What a finished run of the program left.</summary>
internal sealed record ProgramResult(int ExitCode, string Output, string Errors);

/// <summary>A run of the real program as a process of its own.</summary>
internal sealed class WarrenProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly Arrivals<string> _lines = new();
    private readonly Arrivals<string> _errors = new();
    private readonly Task _reading;

    private WarrenProgram(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _lines), ReadAsync(process.StandardError, _errors));
    }

    /// <summary>The number of its process.</summary>
    public int Id => _process.Id;

    /// <summary>What it prints, by lines.</summary>
    public Arrivals<string> Lines => _lines;

    /// <summary>What it says on standard error, by lines.</summary>
    public Arrivals<string> Errors => _errors;

    /// <summary>Runs the program to its end, with nothing on standard input.</summary>
    public static Task<ProgramResult> RunAsync(params string[] arguments) => RunAsync(arguments, input: null);

    /// <summary>Runs the program to its end.</summary>
    public static async Task<ProgramResult> RunAsync(
        string[] arguments, byte[]? input = null, IReadOnlyDictionary<string, string?>? environment = null, string? directory = null, string? script = null)
    {
        var start = Start(arguments, environment, directory, script);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            if (input is not null)
                await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A program that was started with its input closed reads nothing.
        }
        try
        {
            await process.WaitForExitAsync().WaitAsync(script is null ? Patience : TimeSpan.FromMinutes(5), TimeProvider.System);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }

        return new ProgramResult(process.ExitCode, await output, await errors);
    }

    /// <summary>Starts the program and lets it run.</summary>
    public static WarrenProgram Start(params string[] arguments) => Start(arguments, environment: null);

    /// <summary>Starts the program with these variables, in this directory, and lets it run.</summary>
    public static WarrenProgram Start(string[] arguments, IReadOnlyDictionary<string, string?>? environment, string? directory = null)
    {
        var process = Process.Start(Start(arguments, environment, directory, null))!;
        process.StandardInput.Close();
        return new WarrenProgram(process);
    }

    /// <summary>The path of the program itself.</summary>
    public static string Assembly => Path.Combine(AppContext.BaseDirectory, "warren.dll");

    /// <summary>Presses ctrl-C.</summary>
    public Task InterruptAsync() => SignalAsync("INT");

    /// <summary>Sends it a signal, by the name without SIG.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("/bin/kill", ["-s", signal, $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for its end and returns its exit code.</summary>
    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience, TimeProvider.System);
        await _reading;
        return _process.ExitCode;
    }

    /// <summary>Ends it if it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private static ProcessStartInfo Start(string[] arguments, IReadOnlyDictionary<string, string?>? environment, string? directory, string? script)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "warren.dll");
        var start = script is null ? new ProcessStartInfo("dotnet", [program, .. arguments]) : new ProcessStartInfo(script, arguments);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.WorkingDirectory = directory ?? Path.GetTempPath();
        // The developer's own broker is not the test's.
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            if (value is null)
                start.Environment.Remove(name);
            else
                start.Environment[name] = value;
        }
        return start;
    }

    private static bool IsSetting(string name) =>
        name.StartsWith("RABBITMQ_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("Warren__", StringComparison.OrdinalIgnoreCase) || name is "ENABLE_RABBITMQ" or "WARREN_SERVER" or "WARREN_KEY" or "WARREN_DATABASE";

    private static async Task ReadAsync(StreamReader reader, Arrivals<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
            lines.Add(line);
    }
}
