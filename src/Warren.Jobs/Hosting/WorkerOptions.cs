using System.ComponentModel.DataAnnotations;

namespace Warren.Jobs.Hosting;

/// <summary>The settings of the worker in this process: section <c>Warren:Worker</c>.</summary>
public sealed class WorkerOptions
{
    /// <summary>Whether jobs are claimed from a coordinator. The default is <see cref="WorkerCoordination.Required"/>.</summary>
    public WorkerCoordination Coordination { get; set; } = WorkerCoordination.Required;

    /// <summary>The kinds that run here, of those that have a handler; separated by commas in configuration. The default, empty, is all.</summary>
    public IList<string> Kinds { get; } = [];

    /// <summary>How many jobs run at once over all kinds. The default, null, is as many as the kinds allow together.</summary>
    [Range(1, 100_000)]
    public int? Slots { get; set; }

    /// <summary>What this machine has to give to jobs, by name, as in <c>gpu</c>: 2. A lane whose demands do not fit is not consumed. The default is nothing.</summary>
    public IDictionary<string, int> Resources { get; } = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The worker's name for people, at most 255 bytes. The default is machine and process, as in <c>gpu-3:4711</c>.</summary>
    public string? Name { get; set; }

    /// <summary>
    /// How long the delivery of a running job stays unacknowledged; then the job lives by its lease alone, and no <c>consumer_timeout</c> of the
    /// broker concerns it. The default is 5 seconds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan AckAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long running jobs may go on when the worker stops; then their handlers are asked to stop, and the jobs released. The default is 20 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(20);
}

/// <summary>Whether a worker works with a coordinator. It is a setting and never guessed.</summary>
public enum WorkerCoordination
{
    /// <summary>Every job is claimed, has a lease, and is reported.</summary>
    Required,

    /// <summary>No lease, no fence and no stored result: a job is acknowledged when its handler has ended, and one that fails is a dead letter.</summary>
    None,
}
