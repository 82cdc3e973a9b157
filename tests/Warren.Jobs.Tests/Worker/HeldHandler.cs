using Warren.Jobs.Hosting;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Worker;

/// <summary>A handler of <see cref="SampleKinds.Count"/> that runs until a test lets it go.</summary>
internal sealed class HeldHandler
{
    /// <summary>Set when it runs first.</summary>
    public Signal Started { get; } = new();

    /// <summary>Set when its token was canceled.</summary>
    public Signal Stopped { get; } = new();

    /// <summary>Set when it has ended.</summary>
    public Signal Ended { get; } = new();

    /// <summary>Lets it go.</summary>
    public Signal Go { get; } = new();

    /// <summary>Whether it goes on when it should stop.</summary>
    public bool IsStubborn { get; init; }

    /// <summary>How often it began.</summary>
    public AsyncCounter Runs { get; } = new();

    /// <summary>Why it was asked to stop, at the end of its first run.</summary>
    public JobStopReason? Reason { get; private set; }

    /// <summary>The job it runs.</summary>
    public JobContext? Job { get; private set; }

    public void Register(WorkerBuilder worker) => worker.Handle(SampleKinds.Count, HandleAsync);

    public async Task<Count> HandleAsync(Text text, JobContext job, CancellationToken cancellationToken)
    {
        Job = job;
        Runs.Increment();
        Started.Set();
        try
        {
            // Not disposed: that would race with the very cancellation it is to tell of.
            cancellationToken.Register(Stopped.Set);
            await Go.WaitAsync(TimeSpan.FromMinutes(5), IsStubborn ? CancellationToken.None : cancellationToken);
            return new Count(text.Words.Length);
        }
        finally
        {
            Reason ??= job.StopReason;
            Ended.Set();
        }
    }
}
