using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.Jobs.Processes;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Processes;

/// <summary>An engine whose program is a small shell script, in a directory of its own.</summary>
internal sealed class ShellEngine : IAsyncDisposable, ILogger
{
    // What scripts are made of: ready, take (a line; sets line, id), result JSON, say JSON-of-a-type.
    private const string Words = """
        ready() { printf '{"type":"ready","protocol":1}\n'; }
        take() { IFS= read -r line || exit 0; id=${line#*\"id\":\"}; id=${id%%\"*}; }
        result() { printf '{"type":"result","id":"%s","result":%s}\n' "$id" "$1"; }
        progress() { printf '{"type":"progress","id":"%s","progress":%s}\n' "$id" "$1"; }
        checkpoint() { printf '{"type":"checkpoint","id":"%s","checkpoint":%s}\n' "$id" "$1"; }

        """;

    private readonly ConcurrentQueue<string> _log = new();

    public ShellEngine(string script, Action<ProcessEngineOptions>? configure = null, bool ready = true, TimeProvider? time = null)
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("warren-engine-").FullName;
        var file = Path.Combine(Directory, "engine.sh");
        File.WriteAllText(file, Words + (ready ? "ready\n" : "") + script + "\n");
        Options = new ProcessEngineOptions
        {
            Command = ["sh", file],
            WorkingDirectory = Directory,
            // Long where a test waits for an event, short where it waits for the limit.
            StartTimeout = TimeSpan.FromSeconds(60),
            CancelGrace = TimeSpan.FromSeconds(60),
            GracePeriod = TimeSpan.FromSeconds(60),
            RestartDelay = TimeSpan.Zero,
        };
        configure?.Invoke(Options);
        Engine = new ProcessEngine("test.engine", Options, time ?? TimeProvider.System, this);
    }

    public string Directory { get; }

    public ProcessEngineOptions Options { get; }

    public ProcessEngine Engine { get; }

    /// <summary>What was logged so far.</summary>
    public string Logged => string.Join('\n', _log);

    public static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>Runs a job and gives its result as text.</summary>
    public async Task<string> RunAsync(string args = "{}", RecordingJobContext? job = null, CancellationToken cancellationToken = default) =>
        (await Engine.RunAsync(Json(args), job ?? new RecordingJobContext(), cancellationToken)).GetRawText();

    /// <summary>Runs a job that fails.</summary>
    public async Task<JobFailedException> FailsAsync(string code, string args = "{}", RecordingJobContext? job = null)
    {
        var failure = await Assert.ThrowsAsync<JobFailedException>(() => RunAsync(args, job));
        Assert.True(failure.Code == code, $"{failure.Code}: {failure.Message}");
        return failure;
    }

    /// <summary>A number that the script has written into a file of its directory.</summary>
    public async Task<int> NumberInAsync(string file)
    {
        var path = Path.Combine(Directory, file);
        return await Eventually.GetAsync(
            () => Task.FromResult(File.Exists(path) && int.TryParse(File.ReadAllText(path), out var number) ? number : 0), number => number > 0, $"{file} holds a number");
    }

    public bool Exists(string file) => File.Exists(Path.Combine(Directory, file));

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        Assert.Equal(0, Engine.Processes);
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _log.Enqueue($"{logLevel} {formatter(state, exception)}{exception}");
}
