using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Warren.Messaging.Hosting;

namespace Warren.Jobs.Processes;

/// <summary>Reads from <c>Warren:Kinds</c> which kinds are run by a program, and how.</summary>
internal static class ProcessKinds
{
    /// <summary>The section of settings.</summary>
    public const string Section = "Warren:Kinds";

    // Of a kind that is run by a program or by code; the worker reads them.
    private static readonly string[] OfTheWorker = ["Retention", "Retry", "Deadline", "Lanes", "Demands"];

    private static readonly PropertyInfo[] Settings = typeof(ProcessEngineOptions).GetProperties();

    /// <summary>The keys that are read below a kind.</summary>
    public static IEnumerable<string> Keys => Settings.Select(setting => setting.Name);

    /// <summary>The options of every kind with a command, by kind.</summary>
    /// <param name="configuration">The settings of the app.</param>
    /// <param name="known">Kinds known by other means, for keys with <c>_</c>.</param>
    /// <exception cref="OptionsValidationException">Something is wrong; it names all that is.</exception>
    public static IReadOnlyDictionary<string, ProcessEngineOptions> Read(IConfiguration configuration, IEnumerable<string> known)
    {
        List<string> problems = [];
        Dictionary<string, ProcessEngineOptions> kinds = new(StringComparer.Ordinal);
        var names = known.ToList();
        foreach (var section in configuration.GetSection(Section).GetChildren())
        {
            if (!section.GetSection(nameof(ProcessEngineOptions.Command)).Exists())
                continue;
            if (KindKey.Resolve(section.Key, names, out var problem) is not { } kind)
                problems.Add(problem);
            else if (!kinds.TryAdd(kind, Read(section, problems)))
                problems.Add($"{Section} has two commands for {kind}; one of them is {Section}:{section.Key}.");
        }
        return problems.Count == 0 ? kinds : throw new OptionsValidationException(Section, typeof(ProcessEngineOptions), problems);
    }

    private static ProcessEngineOptions Read(IConfigurationSection section, List<string> problems)
    {
        var options = new ProcessEngineOptions();
        foreach (var value in section.GetChildren())
        {
            var setting = Settings.FirstOrDefault(known => known.Name.Equals(value.Key, StringComparison.OrdinalIgnoreCase));
            if (setting is not null)
                Read(value, setting, options, problems);
            else if (!OfTheWorker.Contains(value.Key, StringComparer.OrdinalIgnoreCase))
                problems.Add(Unknown(value));
        }
        if ((options.Command.Count == 0 || options.Command[0].Length == 0) && !problems.Any(problem => problem.StartsWith($"{section.Path}:Command", StringComparison.Ordinal)))
            problems.Add($"{section.Path}:Command is empty; a program was expected.");
        if (options.MemoryLimit is not null && !OperatingSystem.IsLinux())
            problems.Add($"{section.Path}:MemoryLimit is set, and memory is watched on Linux only; take it away.");
        return options;
    }

    private static void Read(IConfigurationSection value, PropertyInfo setting, ProcessEngineOptions options, List<string> problems)
    {
        object? read;
        try
        {
            read = Parse(value, setting);
        }
        catch (FormatException exception)
        {
            problems.Add($"{value.Path} is wrong: {exception.Message}");
            return;
        }
        if (setting.GetCustomAttribute<RangeAttribute>() is { } range && !range.IsValid(read))
            problems.Add($"{value.Path} is {value.Value}; {range.Minimum} to {range.Maximum} was expected.");
        else
            setting.SetValue(options, read);
    }

    private static object? Parse(IConfigurationSection value, PropertyInfo setting)
    {
        var type = Nullable.GetUnderlyingType(setting.PropertyType) ?? setting.PropertyType;
        if (type == typeof(IReadOnlyList<string>))
            return Words(value);
        if (type == typeof(IReadOnlyDictionary<string, string>))
            return value.GetChildren().ToDictionary(variable => variable.Key, variable => variable.Value ?? "");
        var text = value.Value?.Trim() ?? throw new FormatException("one value was expected, not a section.");
        if (type == typeof(string))
            return text;
        if (type == typeof(TimeSpan))
        {
            // A bare number would be days to TimeSpan, which nobody means.
            return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time)
                ? time
                : throw new FormatException($"'{text}' was found; a time as hours:minutes:seconds was expected.");
        }
        if (type == typeof(ProcessMode))
            return ParseMode(text);
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw NoNumber(text);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var large) ? large : throw NoNumber(text);
    }

    // A list, word by word, as in JSON; or one text.
    private static IReadOnlyList<string> Words(IConfigurationSection value) =>
        value.Value is { } text ? CommandLine.Split(text) : [.. value.GetChildren().Select(word => word.Value ?? "")];

    private static ProcessMode ParseMode(string text) => text.ToUpperInvariant() switch
    {
        "PERSISTENT" => ProcessMode.Persistent,
        "PER-JOB" or "PERJOB" or "PER_JOB" => ProcessMode.PerJob,
        _ => throw new FormatException($"'{text}' was found; persistent or per-job was expected."),
    };

    private static FormatException NoNumber(string text) => new($"'{text}' was found; a whole number was expected.");

    private static string Unknown(IConfigurationSection value)
    {
        var nearest = SettingWords.Nearest(value.Key, Keys.Concat(OfTheWorker));
        return $"{value.Path} is no setting of a kind{(nearest is null ? "." : $"; did you mean {nearest}?")}";
    }
}
