using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Warren.Jobs.Diagnostics;
using Warren.Jobs.Hosting;

namespace Warren.Jobs.Worker;

/// <summary>Runs the handler of one attempt in a scope of its own. Throws nothing: how it ended is the result.</summary>
internal sealed partial class JobExecutor(IServiceProvider services, TimeProvider time, ILogger logger)
{
    /// <summary>The most bytes of a result in JSON.</summary>
    public const int LargestResult = 4 * 1024 * 1024;

    private const int LargestMessage = 64 * 1024;
    private const int LongestCode = 100;

    /// <summary>Runs the handler.</summary>
    /// <param name="run">The attempt.</param>
    /// <param name="context">What the handler sees of it.</param>
    /// <param name="waiting">Called when the handler has to be waited for.</param>
    public async Task<JobOutcome> ExecuteAsync(JobRun run, JobContext context, Action waiting)
    {
        var kind = run.Consumer.Kind;
        using var activity = JobsTelemetry.StartAttempt(kind.Name, run.Id, run.Attempt, run.Trace.Parent, run.Trace.State);
        var tag = JobsTelemetry.Kind(kind.Name);
        var began = time.GetTimestamp();
        JobsTelemetry.Running.Add(1, tag);
        var outcome = await HandleAsync(run, context, waiting);
        JobsTelemetry.Running.Add(-1, tag);
        var took = time.GetElapsedTime(began);
        var name = outcome.GetType().Name;
        JobsTelemetry.AttemptTime.Record(took.TotalSeconds, tag, JobsTelemetry.Outcome(name));
        JobsTelemetry.Attempts.Add(1, tag, JobsTelemetry.Outcome(name));
        activity?.SetTag("warren.job.outcome", name);
        if (outcome is JobOutcome.Failed failed)
            activity?.SetStatus(ActivityStatusCode.Error, failed.Code);
        Log.Ended(logger, run.Id, kind.Name, run.Attempt, name, took);
        return outcome;
    }

    private async Task<JobOutcome> HandleAsync(JobRun run, JobContext context, Action waiting)
    {
        var kind = run.Consumer.Kind;
        var scope = services.CreateAsyncScope();
        var forsaken = false;
        try
        {
            using var timeout = kind.Options.AttemptTimeout is { } limit
                ? time.CreateTimer(static state => ((JobRun)state!).Stop(JobStopReason.TimedOut), run, limit, Timeout.InfiniteTimeSpan)
                : null;
            var work = kind.Registration.Code(scope.ServiceProvider, run.Args, context, run.Stopping);
            if (!work.IsCompleted)
            {
                waiting();
                await Task.WhenAny(work, run.Forsaken);
                if (!work.IsCompleted)
                {
                    forsaken = true;
                    Log.Forsaken(logger, run.Id, kind.Name);
                    _ = ForsakeAsync(work, scope);
                    return Stopped(run) ?? new JobOutcome.Released();
                }
            }
            return Succeeded(run, await work);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return Judge(run, error);
        }
        finally
        {
            if (!forsaken)
                await DisposeAsync(scope, run);
        }
    }

    private static JobOutcome Succeeded(JobRun run, byte[] result)
    {
        // The job is somebody else's by now, and so is its result.
        if (run.StopReason == JobStopReason.LeaseLost)
            return new JobOutcome.Abandoned();
        return result.Length <= LargestResult
            ? new JobOutcome.Succeeded(JsonElement.Parse(result), result.Length)
            : new JobOutcome.Failed(
                "result_too_large", $"The result has {result.Length:N0} bytes; at most {LargestResult:N0} were expected. Keep large things in a file, and say where.",
                FailureCause.Invalid);
    }

    private JobOutcome Judge(JobRun run, Exception error)
    {
        if (run.StopReason == JobStopReason.LeaseLost)
            return new JobOutcome.Abandoned();
        // What a handler throws when it is stopped is seldom what its token threw; only a failure it names itself is one.
        if (error is not JobFailedException && Stopped(run) is { } stopped)
            return stopped;
        var failed = Failed(error);
        Log.Failed(logger, error, run.Id, run.Consumer.Kind.Name, run.Attempt, failed.Code);
        return failed;
    }

    private static JobOutcome.Failed Failed(Exception error) => error switch
    {
        JobFailedException failure => new(Cut(failure.Code, LongestCode), Cut(failure.Message, LargestMessage), failure.Cause, failure.RetryAfter),
        BadPayloadException payload => new(payload.Code, Cut(payload.Message, LargestMessage), FailureCause.Invalid),
        HttpRequestException { StatusCode: HttpStatusCode.TooManyRequests } busy => new("throttled", Cut(Text(busy), LargestMessage), FailureCause.Throttled),
        _ => new("handler_error", Cut(Text(error), LargestMessage), FailureCause.Error),
    };

    private static JobOutcome? Stopped(JobRun run) => run.StopReason switch
    {
        JobStopReason.None => null,
        JobStopReason.Canceled => new JobOutcome.Canceled(),
        JobStopReason.TimedOut => new JobOutcome.Failed(
            "timeout", $"The attempt took longer than {run.Consumer.Kind.Options.AttemptTimeout}.", FailureCause.Timeout),
        JobStopReason.ShuttingDown => new JobOutcome.Released(),
        JobStopReason.LeaseLost => new JobOutcome.Abandoned(),
        _ => throw new UnreachableException(),
    };

    private static string Text(Exception error) => $"{error.GetType().FullName}: {error.Message}";

    // So many bytes of UTF-8, and no half character.
    private static string Cut(string text, int bytes)
    {
        if (text.Length <= bytes / 3 || Encoding.UTF8.GetByteCount(text) <= bytes)
            return text;
        var buffer = new byte[bytes - 3];
        Encoding.UTF8.GetEncoder().Convert(text, buffer, flush: false, out _, out var used, out _);
        return Encoding.UTF8.GetString(buffer.AsSpan(0, used)) + "…";
    }

    // Nobody waits for it, but what it holds is let go when it ends.
    private async Task ForsakeAsync(Task work, AsyncServiceScope scope)
    {
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await DisposeAsync(scope, run: null);
    }

    private async Task DisposeAsync(AsyncServiceScope scope, JobRun? run)
    {
        try
        {
            await scope.DisposeAsync();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // The handler has ended with what it ended with; its services are the user's code too.
            Log.ScopeFailed(logger, error, run?.Id);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Job {JobId} of {Kind}, attempt {Attempt}: {Outcome} after {Took}")]
        public static partial void Ended(ILogger logger, JobId jobId, string kind, int attempt, string outcome, TimeSpan took);

        [LoggerMessage(LogLevel.Warning, "Job {JobId} of {Kind}: attempt {Attempt} failed with {Code}")]
        public static partial void Failed(ILogger logger, Exception error, JobId jobId, string kind, int attempt, string code);

        [LoggerMessage(LogLevel.Warning, "The handler of job {JobId} of {Kind} does not heed its token; the worker stops without it")]
        public static partial void Forsaken(ILogger logger, JobId jobId, string kind);

        [LoggerMessage(LogLevel.Warning, "A service of job {JobId} could not be disposed")]
        public static partial void ScopeFailed(ILogger logger, Exception error, JobId? jobId);
    }
}
