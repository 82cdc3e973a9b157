using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Warren.Jobs.Hosting;
using Warren.Jobs.Protocol;

namespace Warren.Jobs.Worker;

/// <summary>Takes one run from its claim to its ack. Throws nothing.</summary>
internal sealed partial class JobRunner(WorkerSession session, EventReporter reporter, JobExecutor executor, WorkerOptions options, TimeProvider time, ILogger logger)
{
    // A handler that is over sooner reports its start together with its end.
    private static readonly TimeSpan StartDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs it.</summary>
    public async Task RunAsync(JobRun run)
    {
        try
        {
            if (await session.ClaimAsync(run) is not { } grant)
                return;
            if (grant.Answer is GrantAnswer.Granted or GrantAnswer.Yours)
                await AttemptAsync(run, grant);
            else
                Log.Refused(logger, run.Id, run.Attempt, grant.Answer);
            await run.Consumer.SettleAsync(run);
        }
        catch (OperationCanceledException) when (reporter.Stopped.IsCancellationRequested)
        {
            // The worker stopped before the end was confirmed; the job's lease ends it.
            Log.NotConfirmed(logger, run.Id, run.Attempt);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // The worker goes on; this job's delivery comes again, or its lease ends.
            Log.Broken(logger, error, run.Id, run.Attempt);
        }
        finally
        {
            session.Release(run);
            run.Dispose();
            run.Consumer.End(run);
        }
    }

    private async Task AttemptAsync(JobRun run, Grant grant)
    {
        run.Consumer.Hold(run);
        var reports = reporter.Open(run);
        var ended = await ExecuteAsync(run, grant, reports);
        if (ended is JobOutcome.Abandoned)
        {
            reports.Close();
            return;
        }
        var (report, size) = Report(run, ended);
        await reports.KeepAsync(report, size, isEnd: true);
    }

    private async Task<JobOutcome> ExecuteAsync(JobRun run, Grant grant, AttemptReports reports)
    {
        var kind = run.Consumer.Kind;
        if (await WaitForHandlerAsync(run) is { } early)
            return early;
        try
        {
            using var ticker = new Ticker(run, reports, options.AckAfter, time);
            _ = KeepStartAsync(run, reports);
            var began = time.GetTimestamp();
            var ended = await executor.ExecuteAsync(run, new AttemptContext(run, reports, grant.Checkpoint), reports.Flush);
            if (kind.Observe(time.GetElapsedTime(began)))
                run.Consumer.PlacesChanged();
            return ended;
        }
        finally
        {
            kind.Handlers.Release();
        }
    }

    // Jobs are claimed ahead of slots only while they are over at once. If they no longer are, others may be quicker.
    private async Task<JobOutcome?> WaitForHandlerAsync(JobRun run)
    {
        var handlers = run.Consumer.Kind.Handlers;
        if (run.StopReason == JobStopReason.None && handlers.Wait(0))
            return null;
        using var patience = new CancellationTokenSource(options.AckAfter, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, run.Stopping);
        try
        {
            await handlers.WaitAsync(either.Token);
            return null;
        }
        catch (OperationCanceledException)
        {
            return run.StopReason switch
            {
                JobStopReason.Canceled => new JobOutcome.Canceled(),
                JobStopReason.LeaseLost => new JobOutcome.Abandoned(),
                _ => new JobOutcome.Released(),
            };
        }
    }

    private async Task KeepStartAsync(JobRun run, AttemptReports reports)
    {
        try
        {
            await reports.KeepAsync(new StartedReport { Job = run.Id, Attempt = run.Attempt, Seq = 0 }, EventReporter.SmallReport, hold: true);
        }
        catch (OperationCanceledException) when (reporter.Stopped.IsCancellationRequested)
        {
            // The end of the attempt tells the same.
            Log.NotConfirmed(logger, run.Id, run.Attempt);
        }
    }

    private static (Report Report, int Size) Report(JobRun run, JobOutcome outcome) => outcome switch
    {
        JobOutcome.Succeeded ended => (
            new SucceededReport { Job = run.Id, Attempt = run.Attempt, Seq = 0, Result = ended.Result }, EventReporter.SmallReport + ended.Size),
        JobOutcome.Failed ended => (
            new FailedReport
            {
                Job = run.Id,
                Attempt = run.Attempt,
                Seq = 0,
                Code = ended.Code,
                Message = ended.Message,
                Cause = ended.Cause,
                RetryAfter = ended.RetryAfter?.TotalSeconds,
            },
            EventReporter.SmallReport + (ended.Message.Length * 3)),
        JobOutcome.Canceled => (new CanceledReport { Job = run.Id, Attempt = run.Attempt, Seq = 0 }, EventReporter.SmallReport),
        JobOutcome.Released => (new ReleasedReport { Job = run.Id, Attempt = run.Attempt, Seq = 0 }, EventReporter.SmallReport),
        _ => throw new UnreachableException(),
    };

    /// <summary>While a handler runs: soon its start is reported, and after a while its delivery let go.</summary>
    private sealed class Ticker : IDisposable
    {
        private readonly JobRun _run;
        private readonly AttemptReports _reports;
        private readonly TimeSpan _ackAfter;
        private readonly ITimer _timer;
        private bool _isSecond;

        public Ticker(JobRun run, AttemptReports reports, TimeSpan ackAfter, TimeProvider time)
        {
            _run = run;
            _reports = reports;
            _ackAfter = ackAfter;
            // Not set before it is known here: its first tick sets it for the second.
            _timer = time.CreateTimer(static state => ((Ticker)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(StartDelay, Timeout.InfiniteTimeSpan);
        }

        public void Dispose() => _timer.Dispose();

        private void Tick()
        {
            if (_isSecond)
            {
                _run.Consumer.Detach(_run);
                return;
            }
            _isSecond = true;
            _reports.Flush();
            _timer.Change(_ackAfter > StartDelay ? _ackAfter - StartDelay : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Job {JobId}, attempt {Attempt}, is not run here: {Answer}")]
        public static partial void Refused(ILogger logger, JobId jobId, int attempt, GrantAnswer answer);

        [LoggerMessage(LogLevel.Warning, "The worker stopped before the reports of job {JobId}, attempt {Attempt}, were confirmed")]
        public static partial void NotConfirmed(ILogger logger, JobId jobId, int attempt);

        [LoggerMessage(LogLevel.Error, "Job {JobId}, attempt {Attempt}, could not be brought to its end")]
        public static partial void Broken(ILogger logger, Exception error, JobId jobId, int attempt);
    }
}
