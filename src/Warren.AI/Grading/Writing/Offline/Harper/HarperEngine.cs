using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.AI.Engines;
using Warren.Jobs;
using Warren.Jobs.Processes;

namespace Warren.AI.Grading.Writing.Offline.Harper;

/// <summary>
/// Asks Harper, if it is installed (<see cref="HarperPrograms"/>). One process does one text after the other; it is started for the first. Never
/// fails a job: without an answer there is a reason instead.
/// </summary>
internal sealed partial class HarperEngine(HarperPrograms programs, TimeProvider time, ILogger<HarperEngine> logger) : IAsyncDisposable, IDisposable
{
    /// <summary>The version the engine's package asks for.</summary>
    public const string Version = "2.10.0";

    /// <summary>How much of a text it is asked about, in UTF-16 units; the engine refuses more.</summary>
    public const int MostUnits = 20_000;

    private const string Kind = "grading.writing/harper";

    // A text of thousands of unknown words takes seconds; what takes longer is not worth a learner's waiting.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    // After it did not start: trying again for every essay would make each wait.
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private ProcessEngine? _engine;
    private string? _problem;
    private long _problemSince;
    private bool _isDisposed;

    /// <summary>Asks about a text.</summary>
    /// <returns>What was found, or null and why there is no answer.</returns>
    /// <exception cref="OperationCanceledException">The job is to stop.</exception>
    public async Task<(IReadOnlyList<HarperLint>? Lints, string? Reason)> CheckAsync(string text, JobContext job, CancellationToken cancellationToken)
    {
        var harper = programs.Engine;
        if (await harper.MissingAsync(cancellationToken) is { Count: > 0 } missing)
            return (null, harper.Lacks(missing));
        if (Engine(out var problem) is not { } engine)
            return (null, problem);
        try
        {
            var args = JsonSerializer.SerializeToElement(new { text = Cut(text) }, JobJson.Options);
            var result = await engine.RunAsync(args, job, cancellationToken);
            var lints = result.Deserialize<HarperResult>(JobJson.Options)?.Lints ?? throw new JsonException("The answer has no lints.");
            return (lints, text.Length > MostUnits ? $"Harper has read the first {MostUnits} characters only" : null);
        }
        catch (JobFailedException failure)
        {
            // The essay is graded without it; what went wrong is one text's, or the installation's.
            Log.Failed(logger, job.Id, failure.Code, failure.Message);
            if (failure.Code is EngineFault.Missing or EngineFault.StartFailed or EngineFault.NotReady or EngineFault.Handshake)
            {
                lock (_lock)
                    (_problem, _problemSince) = ("Harper did not start", time.GetTimestamp());
                return (null, "Harper did not start");
            }
            return (null, failure.Code == EngineFault.Silent ? "Harper took too long over this text" : "Harper failed with this text");
        }
        catch (JsonException exception)
        {
            Log.Failed(logger, job.Id, "harper.invalid_answer", exception.Message);
            return (null, "Harper failed with this text");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (TakeOut() is { } engine)
            await engine.DisposeAsync();
    }

    /// <summary>Kills the process: for hosts that are disposed of at once.</summary>
    public void Dispose() => TakeOut()?.Kill();

    private ProcessEngine? TakeOut()
    {
        lock (_lock)
        {
            _isDisposed = true;
            var engine = _engine;
            _engine = null;
            return engine;
        }
    }

    private ProcessEngine? Engine(out string? problem)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            problem = _problem;
            if (problem is not null && time.GetElapsedTime(_problemSince) < Pause)
                return null;
            _problem = null;
            if (_engine is null)
            {
                _engine = new(Kind, EngineOptions(), time, logger);
                _engine.Start();
            }
            return _engine;
        }
    }

    private ProcessEngineOptions EngineOptions() => new()
    {
        Command = [programs.Node ?? "node", programs.Program],
        WorkingDirectory = programs.Directory,
        StartTimeout = TimeSpan.FromMinutes(1),
        SilenceTimeout = Limit,
        // It cannot hear a cancel while it reads a text, and has nothing to save.
        CancelGrace = TimeSpan.FromSeconds(1),
        GracePeriod = TimeSpan.FromSeconds(2),
        MaxRestartDelay = TimeSpan.FromSeconds(5),
        // WASM's memory grows and never shrinks.
        JobsPerProcess = 5_000,
    };

    private static string Cut(string text)
    {
        if (text.Length <= MostUnits)
            return text;
        var end = text.LastIndexOfAny([' ', '\n'], MostUnits - 1, 1_000);
        end = end < 0 ? MostUnits : end;
        return text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)];
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The essay of {JobId} is graded without Harper: {Code}, {Reason}")]
        public static partial void Failed(ILogger logger, JobId jobId, string code, string reason);
    }
}
