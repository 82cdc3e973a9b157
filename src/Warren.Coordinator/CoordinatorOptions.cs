using System.ComponentModel.DataAnnotations;

namespace Warren.Coordinator;

/// <summary>Settings of the coordinator: section <c>Warren:Coordinator</c>.</summary>
public sealed class CoordinatorOptions
{
    /// <summary>How long a worker may be silent until its jobs are given to others; workers renew three times as often. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "1.00:00:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How much longer than the lease the coordinator waits, so that a worker without a connection has stopped by itself. The default is 5 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The most bytes of a job's args, in JSON. The default is 4 MiB.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxArgsBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>The most bytes of a job's result, in JSON. The default is 4 MiB.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxResultBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>How long an ended job is kept, unless its kind says otherwise. The default is 7 days.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long the tombstone of a pruned job is kept, which recognizes it when it comes again. The default is 30 days.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan TombstoneRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How often due jobs are looked for. The default is 250 milliseconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan ScheduleInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often queued jobs whose message was lost are looked for. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "01:00:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a job's message may be out before its queue is looked at. The default is 60 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan SweepAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How often ended jobs are pruned. The default is 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "1.00:00:00")]
    public TimeSpan PruneInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether jobs of kinds that no worker has ever described are taken in; they wait until one comes. The default is false: a kind's name
    /// that is misspelled is refused.
    /// </summary>
    public bool AcceptUnknownKinds { get; set; }

    /// <summary>
    /// What names the broker, whatever its address: when it changes, queued jobs are sent again, since another broker does not have them.
    /// The default, null, is the broker's address.
    /// </summary>
    public string? BrokerIdentity { get; set; }
}
