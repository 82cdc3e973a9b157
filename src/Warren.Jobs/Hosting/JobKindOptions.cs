using System.ComponentModel.DataAnnotations;

namespace Warren.Jobs.Hosting;

/// <summary>
/// How a worker does one kind of job. What <c>Warren:Kinds:&lt;kind&gt;</c> says in configuration wins over what is set in code; in its keys
/// <c>_</c> stands for <c>.</c> and <c>-</c> of the kind.
/// </summary>
public sealed class JobKindOptions
{
    /// <summary>How many jobs of the kind run at once in this process, over all its lanes. The default is 1.</summary>
    [Range(1, 10_000)]
    public int Concurrency { get; set; } = 1;

    /// <summary>How long one attempt may take; then its handler is asked to stop. The default, null, is without end.</summary>
    public TimeSpan? AttemptTimeout { get; set; }

    /// <summary>In what time a job has to start, unless its submit says otherwise; else it expires. The default, null, is without end.</summary>
    public TimeSpan? Deadline { get; set; }

    /// <summary>How failures are retried. The default is <see cref="JobRetryPolicy.Default"/>.</summary>
    public JobRetryPolicy Retry { get; set; } = JobRetryPolicy.Default;

    /// <summary>How long a job is kept after its end. The default, null, is the coordinator's.</summary>
    public TimeSpan? Retention { get; set; }

    /// <summary>What a job of the kind needs of <see cref="WorkerOptions.Resources"/>, by name, unless its lane says otherwise. The default is nothing.</summary>
    public IDictionary<string, int> Demands { get; } = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Lanes besides the kind's own, by name: <c>[a-z][a-z0-9-]*</c>. The default is none.</summary>
    public IDictionary<string, JobLaneOptions> Lanes { get; } = new Dictionary<string, JobLaneOptions>(StringComparer.Ordinal);
}

/// <summary>One lane of a kind: a queue of its own, for jobs that need more than others, or less.</summary>
public sealed class JobLaneOptions
{
    /// <summary>What a job of the lane needs of <see cref="WorkerOptions.Resources"/>, by name. The default, empty, is what the kind needs.</summary>
    public IDictionary<string, int> Demands { get; } = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);

    /// <summary>When a slot becomes free, lanes of a higher rank are served first. The default, and the rank of a kind's own lane, is 0.</summary>
    public int Rank { get; set; }
}
