using System.Globalization;
using Microsoft.Extensions.Configuration;
using Warren.Messaging.Hosting;

namespace Warren.Jobs.Hosting;

/// <summary>Reads the sections <c>Warren:Worker</c> and <c>Warren:Kinds</c>; what cannot be read is told in <see cref="Errors"/>, by key, value and what was expected.</summary>
internal sealed class WorkerSettings(IConfiguration? configuration)
{
    private const string Worker = "Warren:Worker";

    private static readonly string[] Keys =
    [
        nameof(WorkerOptions.Coordination), nameof(WorkerOptions.Kinds), nameof(WorkerOptions.Slots), nameof(WorkerOptions.Resources),
        nameof(WorkerOptions.Name), nameof(WorkerOptions.AckAfter), nameof(WorkerOptions.ShutdownTimeout),
    ];

    private readonly HashSet<string> _bound = new(StringComparer.Ordinal);

    /// <summary>What could not be read.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>The section of a kind. A shell cannot export a name with a dot, so <c>_</c> stands for <c>.</c> and <c>-</c>.</summary>
    public static string Section(string kind) => $"Warren:Kinds:{kind.Replace('.', '_').Replace('-', '_')}";

    /// <summary>Sets what the configuration says of the worker.</summary>
    public void Bind(WorkerOptions options)
    {
        if (configuration?.GetSection(Worker) is not { } section)
            return;
        foreach (var child in section.GetChildren().Where(child => !Keys.Contains(child.Key, StringComparer.OrdinalIgnoreCase)))
        {
            var nearest = SettingWords.Nearest(child.Key, Keys) is { } near ? $" Was {Worker}:{near} meant?" : $" Expected one of {string.Join(", ", Keys)}.";
            Report($"{child.Path} is not a setting.{nearest}");
        }

        if (Enumeration<WorkerCoordination>(section, nameof(options.Coordination)) is { } coordination)
            options.Coordination = coordination;
        foreach (var kind in List(section.GetSection(nameof(options.Kinds))).Except(options.Kinds))
            options.Kinds.Add(kind);
        options.Slots = Number(section, nameof(options.Slots)) ?? options.Slots;
        Amounts(section.GetSection(nameof(options.Resources)), options.Resources);
        options.Name = Text(section, nameof(options.Name)) ?? options.Name;
        options.AckAfter = Time(section, nameof(options.AckAfter)) ?? options.AckAfter;
        options.ShutdownTimeout = Time(section, nameof(options.ShutdownTimeout)) ?? options.ShutdownTimeout;
    }

    /// <summary>Sets what the configuration says of a kind. Does nothing the second time.</summary>
    public void Bind(JobKind kind, JobKindOptions options)
    {
        if (!_bound.Add(kind.Name) || configuration?.GetSection(Section(kind.Name)) is not { } section)
            return;
        options.Concurrency = Number(section, nameof(options.Concurrency)) ?? options.Concurrency;
        options.AttemptTimeout = Time(section, nameof(options.AttemptTimeout)) ?? options.AttemptTimeout;
        options.Deadline = Time(section, nameof(options.Deadline)) ?? options.Deadline;
        options.Retention = Time(section, nameof(options.Retention)) ?? options.Retention;
        options.Retry = Retry(section, options.Retry);
        Amounts(section.GetSection(nameof(options.Demands)), options.Demands);
        var lanes = section.GetSection(nameof(options.Lanes));
        foreach (var name in lanes.Value is null ? [] : List(lanes))
            options.Lanes.TryAdd(name, new JobLaneOptions());
        foreach (var lane in lanes.GetChildren())
        {
            if (!options.Lanes.TryGetValue(lane.Key, out var laneOptions))
                options.Lanes.Add(lane.Key, laneOptions = new JobLaneOptions());
            laneOptions.Rank = Number(lane, nameof(laneOptions.Rank)) ?? laneOptions.Rank;
            Amounts(lane.GetSection(nameof(laneOptions.Demands)), laneOptions.Demands);
        }
    }

    private JobRetryPolicy Retry(IConfigurationSection kind, JobRetryPolicy policy)
    {
        // A plain number is the budget of errors, as most people mean it.
        var section = kind.GetSection(nameof(JobKindOptions.Retry));
        return policy with
        {
            Error = (section.Value is null ? Number(section, nameof(policy.Error)) : Number(kind, section.Key)) ?? policy.Error,
            Timeout = Number(section, nameof(policy.Timeout)) ?? policy.Timeout,
            Crash = Number(section, nameof(policy.Crash)) ?? policy.Crash,
            Throttled = Number(section, nameof(policy.Throttled)) ?? policy.Throttled,
            FirstDelay = Time(section, nameof(policy.FirstDelay)) ?? policy.FirstDelay,
            MaxDelay = Time(section, nameof(policy.MaxDelay)) ?? policy.MaxDelay,
        };
    }

    private void Amounts(IConfigurationSection section, IDictionary<string, int> amounts)
    {
        foreach (var child in section.GetChildren())
        {
            if (Number(section, child.Key) is { } amount)
                amounts[child.Key] = amount;
        }
    }

    private static IEnumerable<string> List(IConfigurationSection section) => section.Value is { } text
        ? text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        : section.GetChildren().Select(child => child.Value).OfType<string>();

    // An empty value counts as not set, as ${NAME:-} leaves it.
    private static string? Text(IConfigurationSection section, string key) => section[key] is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;

    private int? Number(IConfigurationSection section, string key)
    {
        if (Text(section, key) is not { } text)
            return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number;
        Report($"{section.Path}:{key} is '{text}'; a whole number was expected.");
        return null;
    }

    private TimeSpan? Time(IConfigurationSection section, string key)
    {
        if (Text(section, key) is not { } text)
            return null;
        // "30" would be read as thirty days.
        if (text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time))
            return time;
        Report($"{section.Path}:{key} is '{text}'; a time was expected, as in 00:05:00 for five minutes.");
        return null;
    }

    private T? Enumeration<T>(IConfigurationSection section, string key)
        where T : struct, Enum
    {
        if (Text(section, key) is not { } text)
            return null;
        if (Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text[0]))
            return value;
        Report($"{section.Path}:{key} is '{text}'; {string.Join(" or ", Enum.GetNames<T>())} was expected.");
        return null;
    }

    // Options are made more than once; each fault is told once.
    private void Report(string error)
    {
        if (!Errors.Contains(error))
            Errors.Add(error);
    }
}
