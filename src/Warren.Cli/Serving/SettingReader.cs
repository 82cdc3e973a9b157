using Microsoft.Extensions.Configuration;
using Warren.AI.Chat;
using Warren.AI.Grading;
using Warren.Coordinator;
using Warren.Jobs.Processes;
using Warren.Messaging.Hosting;
using Warren.Server;

namespace Warren.Cli.Serving;

/// <summary>Reads the settings of this directory, of the environment and of the flags, and knows where each came from.</summary>
internal sealed class SettingReader
{
    private static readonly string[] Sections =
    [
        "Messaging", "Buses", "Broker", "Store", "Data", "Roles", "Server", "Worker", "Kinds", "Coordinator", "Grading", "Training", "Celery", "Chat", "Webhooks",
    ];

    private readonly ConfigurationLayers _layers;
    private readonly HashSet<string> _flags;

    /// <summary>Reads flags over environment over files.</summary>
    /// <param name="flags">What was given on the command line, by key; null where nothing was.</param>
    /// <param name="below">What else there is; null is this directory and the environment.</param>
    public SettingReader(IReadOnlyDictionary<string, string?> flags, IConfiguration? below = null)
    {
        var given = flags.Where(flag => flag.Value is not null).ToDictionary(StringComparer.OrdinalIgnoreCase);
        _flags = [.. given.Keys];
        Configuration = new ConfigurationBuilder().AddConfiguration(below ?? BrokerSettings.Configuration()).AddInMemoryCollection(given).Build();
        _layers = new(Configuration);
    }

    /// <summary>All of it.</summary>
    public IConfigurationRoot Configuration { get; }

    /// <summary>The value of a setting, or null; and where it came from.</summary>
    /// <exception cref="UsageException">A file that should hold it cannot be read.</exception>
    public (string? Value, string Source) Find(ServerSetting setting)
    {
        var errors = new List<string>();
        var found = (setting.Alias is { } alias ? Prefer(setting, alias, errors) : null) ?? _layers.Find(setting.Key, setting.IsSecret, errors);
        if (errors.Count > 0)
            throw new UsageException(string.Join(' ', errors));
        return found is null ? (null, "default") : (found.Value, _flags.Contains(setting.Key) && setting.Flag is not null ? setting.Flag : found.Source);
    }

    /// <summary>The value of a setting by key, or null.</summary>
    public string? Find(string key) => Find(ServerSetting.All.First(setting => setting.Key == key)).Value;

    /// <summary>Where a key that is set comes from.</summary>
    public string SourceOf(string key) => _layers.Find(key)?.Source ?? "default";

    /// <summary>Says what is set below <c>Warren</c> that nobody reads.</summary>
    /// <exception cref="UsageException">There is such a setting; the message names the nearest one that is read.</exception>
    public void RefuseUnknown()
    {
        foreach (var section in Configuration.GetSection("Warren").GetChildren())
        {
            if (Sections.Contains(section.Key, StringComparer.OrdinalIgnoreCase))
                continue;
            var advice = SettingWords.Nearest(section.Key, Sections) is { } nearest ? $"did you mean Warren:{nearest}?" : $"known are {string.Join(", ", Sections)}";
            throw new UsageException($"Unknown setting {section.Path}{Source(section)}; {advice}");
        }
        RefuseUnknownIn("Warren:Broker", ["Mode", "Listen", "Users", "VirtualHosts"]);
        RefuseUnknownIn("Warren:Store", ["Url", "UrlFile"]);
        RefuseUnknownIn(ServerOptions.Section, [.. typeof(ServerOptions).GetProperties().Select(setting => setting.Name)]);
        RefuseUnknownIn(GradingOptions.Section, [.. typeof(GradingOptions).GetProperties().Select(setting => setting.Name)]);
        RefuseUnknownIn(ChatOptions.Section, [.. typeof(ChatOptions).GetProperties().Where(setting => setting.CanWrite).Select(setting => setting.Name), "ApiKeyFile"]);
        RefuseUnknownOfKinds();
        RefuseUnknownIn("Warren:Coordinator", [.. typeof(CoordinatorOptions).GetProperties().Select(setting => setting.Name)]);
    }

    private void RefuseUnknownOfKinds()
    {
        foreach (var kind in Configuration.GetSection(ProcessKinds.Section).GetChildren())
            RefuseUnknownIn(kind.Path, [.. ProcessKinds.AllKeys]);
    }

    private string Source(IConfigurationSection section) => _layers.Find(section.Path)?.Source is { } source ? $" ({source})" : "";

    private void RefuseUnknownIn(string path, string[] known)
    {
        foreach (var section in Configuration.GetSection(path).GetChildren().Where(child => !known.Contains(child.Key, StringComparer.OrdinalIgnoreCase)))
            throw Unknown(section, path, known, Source(section));
    }

    /// <summary>The mistake of a setting that does not exist, with the one that was meant if it can be told.</summary>
    /// <param name="section">The setting.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="known">What there is.</param>
    /// <param name="source">Who set it, in brackets; empty if that is not known.</param>
    public static UsageException Unknown(IConfigurationSection section, string path, string[] known, string source = "")
    {
        var advice = SettingWords.Nearest(section.Key, known) is { } nearest ? $"did you mean {path}:{nearest}?" : $"known are {string.Join(", ", known)}";
        return new($"Unknown setting {section.Path}{source}; {advice}");
    }

    // A flag stands above the other name, and that above a file.
    private FoundValue? Prefer(ServerSetting setting, string alias, List<string> errors) =>
        _layers.FindOverride(setting.Key, setting.IsSecret, errors) ?? _layers.FindOverride(alias, setting.IsSecret, errors);
}
