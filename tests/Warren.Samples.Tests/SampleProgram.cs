using System.Diagnostics;
using Warren.TestKit;

namespace Warren.Samples.Tests;

/// <summary>A sample as a process of its own, on a free port of its own choice.</summary>
internal sealed class SampleProgram : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";
    private readonly string _name;
    private readonly Process _process;
    private readonly Arrivals<string> _lines = new();
    private readonly Task _reading;

    private SampleProgram(string name, Process process)
    {
        _name = name;
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>A client of the program.</summary>
    public HttpClient Http { get; } = new();

    /// <summary>Starts a sample and returns when it listens and is connected to the broker.</summary>
    public static async Task<SampleProgram> StartAsync(string name, string brokerUrl)
    {
        // artifacts/bin/<this project>/<configuration>/ → artifacts/bin/<the sample>/<configuration>/
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var start = new ProcessStartInfo("dotnet", [Path.Combine(here.Parent!.Parent!.FullName, name, here.Name, $"{name}.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["RABBITMQ_URL"] = brokerUrl;
        start.Environment["Logging__Console__FormatterName"] = "simple";
        var program = new SampleProgram(name, Process.Start(start)!);
        try
        {
            await Eventually.ThatAsync(() => program.Address is not null || program._process.HasExited, $"{name} listens", TimeSpan.FromSeconds(60));
            program.Http.BaseAddress = new Uri(program.Address ?? throw new InvalidOperationException($"{name} ended:\n{program.Log}"));
            await Eventually.ThatAsync(
                async () => await program.Http.GetStringAsync(new Uri("health", UriKind.Relative)) == "Healthy", $"{name} is healthy");
            return program;
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <summary>What it has logged.</summary>
    public string Log => string.Join('\n', _lines.Items);

    private string? Address => _lines.Items.FirstOrDefault(line => line.Contains(Listening, StringComparison.Ordinal))?.Split(Listening)[1].Trim();

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Kills it if it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        await _reading;
        _process.Dispose();
        Http.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => _name;

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
            _lines.Add(line);
    }
}
