using System.ComponentModel.DataAnnotations;
using System.Text;
using Microsoft.Extensions.Options;
using Warren.Jobs.Protocol;

namespace Warren.Jobs.Hosting;

/// <summary>Applies the configuration of each kind, and finds what cannot be run before the worker starts.</summary>
internal sealed class WorkerValidation(WorkerSettings settings, IEnumerable<JobRegistration> registrations) : IValidateOptions<WorkerOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, WorkerOptions options)
    {
        var errors = new List<string>();
        var kinds = registrations.ToList();
        foreach (var kind in kinds)
            settings.Bind(kind.Kind, kind.Options);
        errors.AddRange(settings.Errors);
        Check(options, "Warren:Worker", errors);
        if (options.Name is { } text && Encoding.UTF8.GetByteCount(text) > 255)
            errors.Add($"Warren:Worker:Name has {Encoding.UTF8.GetByteCount(text)} bytes; at most 255 were expected.");
        errors.AddRange(kinds.GroupBy(kind => kind.Kind.Name).Where(group => group.Count() > 1)
            .Select(group => $"The kind {group.Key} has {group.Count()} handlers; expected one."));
        foreach (var wanted in options.Kinds.Where(wanted => !kinds.Exists(kind => kind.Kind.Name == wanted)))
            errors.Add($"Warren:Worker:Kinds names '{wanted}', which has no handler here; expected of {Names(kinds)}.");
        foreach (var kind in kinds)
            CheckKind(kind, errors);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void CheckKind(JobRegistration kind, List<string> errors)
    {
        var section = WorkerSettings.Section(kind.Kind.Name);
        Check(kind.Options, section, errors);
        foreach (var (what, time) in new[] { ("AttemptTimeout", kind.Options.AttemptTimeout), ("Deadline", kind.Options.Deadline), ("Retention", kind.Options.Retention) })
        {
            if (time <= TimeSpan.Zero)
                errors.Add($"{section}:{what} is {time}; a positive time was expected.");
        }

        foreach (var lane in kind.Options.Lanes.Keys)
        {
            if (!JobKind.IsValid(lane) || lane.Contains('.', StringComparison.Ordinal))
                errors.Add($"{section}:Lanes names '{lane}'; lower-case letters, digits and '-' were expected.");
            else if (Encoding.UTF8.GetByteCount(WireNames.JobQueue(kind.Kind.Name, lane)) > 250)
                errors.Add($"{section}:Lanes: with '{lane}' the name of the queue has more than 250 bytes.");
        }

        var demands = kind.Options.Demands.Concat(kind.Options.Lanes.Values.SelectMany(lane => lane.Demands));
        errors.AddRange(demands.Where(demand => demand.Value < 0).Select(demand => $"{section} demands {demand.Value} of {demand.Key}; 0 or more was expected."));
    }

    private static void Check(object options, string section, List<string> errors)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        errors.AddRange(results.Select(result => $"{section}: {result.ErrorMessage}"));
    }

    private static string Names(List<JobRegistration> kinds) => kinds.Count == 0 ? "none" : string.Join(", ", kinds.Select(kind => kind.Kind.Name));
}
