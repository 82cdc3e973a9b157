using System.ComponentModel.DataAnnotations;

namespace Warren.Jobs.Processes;

/// <summary>How the jobs of a kind are run by a program: the settings below <c>Warren:Kinds:&lt;kind&gt;</c>.</summary>
internal sealed class ProcessEngineOptions
{
    /// <summary>The program and its arguments. No shell takes part. There is no default: with it the kind is run by a program.</summary>
    public IReadOnlyList<string> Command { get; set; } = [];

    /// <summary>How many jobs of the kind run here at once, each in a process of its own. The default is 1.</summary>
    [Range(1, 1024)]
    public int Concurrency { get; set; } = 1;

    /// <summary>How long an attempt may take; the worker keeps to it. The default is without end.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "365.00:00:00")]
    public TimeSpan? AttemptTimeout { get; set; }

    /// <summary>Whether a process does many jobs, one after the other, or one. The default is <see cref="ProcessMode.Persistent"/>.</summary>
    public ProcessMode Mode { get; set; } = ProcessMode.Persistent;

    /// <summary>Variables that the process has besides the worker's own; an empty value takes one away. The default is none.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; set; } = new Dictionary<string, string>();

    /// <summary>The directory the process runs in. The default is the worker's.</summary>
    public string? WorkingDirectory { get; set; }

    /// <summary>How long a process may take until it is ready, which includes loading a model. The default is 2 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a process may take over a <c>cancel</c>, or to leave when its input ends, before it is sent SIGTERM. The default is 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan CancelGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a process may live after SIGTERM before it and its children are killed. The default is 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often an idle process is asked whether it lives. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it may take to answer; then it is replaced. The default is 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a process may write nothing while it runs a job. The default is without end.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "365.00:00:00")]
    public TimeSpan? SilenceTimeout { get; set; }

    /// <summary>The pause before a process is started again that failed; it doubles with each failure in a row. The default is half a second.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan RestartDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest such pause. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan MaxRestartDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>After how many jobs a process is replaced, for programs that leak. The default is never.</summary>
    [Range(1, int.MaxValue)]
    public int? JobsPerProcess { get; set; }

    /// <summary>The most memory, in bytes, that a process and its children may hold (Linux only); then they are killed. The default is without limit.</summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long? MemoryLimit { get; set; }

    /// <summary>How often their memory is looked at. The default is 1 second.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan MemoryInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The most bytes that a line on standard output has. The default is 5 MiB: a result of 4 MiB, and what is around it.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int MaxLine { get; set; } = 5 * 1024 * 1024;

    /// <summary>The most bytes that a process writes to standard output during one job. The default is 256 MiB.</summary>
    [Range(1024, long.MaxValue)]
    public long MaxOutput { get; set; } = 256L * 1024 * 1024;

    /// <summary>How many lines of standard error go to the log in a minute, of one process; more are counted. The default is 1,000.</summary>
    [Range(0, int.MaxValue)]
    public int MaxLogLines { get; set; } = 1000;
}

/// <summary>How many jobs a process does.</summary>
internal enum ProcessMode
{
    /// <summary>Many, one after the other: what it has loaded stays loaded.</summary>
    Persistent,

    /// <summary>One.</summary>
    PerJob,
}
