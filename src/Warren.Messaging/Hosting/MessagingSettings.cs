using Microsoft.Extensions.Configuration;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Hosting;

/// <summary>
/// Reads the settings of one bus. For each the first that names a value wins: code, then command line and environment (whatever is no
/// file), the seed names, configuration files, the default. It remembers where each value came from, and every error there is.
/// </summary>
internal sealed class MessagingSettings
{
    /// <summary>The section of the bus without a key.</summary>
    public const string Section = "Warren:Messaging";

    /// <summary>The section under which each keyed bus has one of its own name.</summary>
    public const string KeyedSection = "Warren:Buses";

    private const string Keys = $"{nameof(MessagingOptions.Encryption)}:{nameof(EncryptionOptions.Keys)}";
    private const string Url = nameof(MessagingOptions.Url);
    private const string Enabled = nameof(MessagingOptions.Enabled);

    private readonly string _section;
    private readonly IConfiguration? _configuration;
    private readonly ConfigurationLayers _layers;
    private readonly SeedNames? _seeds;
    private readonly Dictionary<string, string> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _errors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, object?> _bound = new(StringComparer.Ordinal);

    /// <summary>Settings of the bus with the given key, or of the one without.</summary>
    public MessagingSettings(IConfiguration? configuration, string? busKey)
    {
        _configuration = configuration;
        _section = busKey is null ? Section : $"{KeyedSection}:{busKey}";
        _layers = new ConfigurationLayers(configuration);
        _seeds = busKey is null ? new SeedNames(_layers) : null;
    }

    /// <summary>Where the value of a setting came from: <c>environment RABBITMQ_URL</c>, <c>appsettings.json …</c>, <c>code</c>, <c>default</c>.</summary>
    public string SourceOf(string key) => _sources.GetValueOrDefault(key, "default");

    /// <summary>Puts what is configured into the options, before any code has its say.</summary>
    public void Bind(MessagingOptions options)
    {
        foreach (var setting in MessagingSetting.All)
            Bind(options, setting);
        BindKeyRing(options);
        FindUnknownKeys();
        foreach (var setting in MessagingSetting.All)
            _bound[setting.Key] = setting.Get(options);
        _bound[Keys] = KeyRing(options);
    }

    /// <summary>Sees what code has changed since <see cref="Bind(MessagingOptions)"/>, and names the broker nobody named if messaging is on.</summary>
    public void Complete(MessagingOptions options)
    {
        foreach (var setting in MessagingSetting.All.Where(setting => !Equals(setting.Get(options), _bound[setting.Key])))
            SetInCode(setting.Key);
        if ((string)_bound[Keys]! != KeyRing(options))
            SetInCode(Keys);
        if (string.IsNullOrWhiteSpace(options.Url))
            options.Url = null;
        if (options.Enabled == true && options.Url is null && ErrorsOf(Url).Count == 0)
        {
            var found = (_seeds ?? new SeedNames(new ConfigurationLayers(null))).DefaultUrl(ErrorsOf(Url));
            options.Url = found.Value;
            _sources[Url] = found.Source;
        }
    }

    /// <summary>Every error there is in the settings, in words; none if the bus can be made.</summary>
    public IReadOnlyList<string> Validate(MessagingOptions options)
    {
        // Who switched messaging off need not have a broker.
        var errors = _errors.Where(pair => pair.Key != Url || options.Enabled != false).SelectMany(pair => pair.Value).ToList();
        foreach (var setting in MessagingSetting.All.Where(setting => !setting.IsInRange(setting.Get(options))))
            errors.Add($"{Name(setting.Key)} is {MessagingSetting.Format(setting.Get(options))} ({SourceOf(setting.Key)}); expected {setting.Expected}.");
        if (options.Enabled != false && ErrorsOf(Url).Count == 0)
            CheckUrl(options, errors);
        if (options.ManagementUrl is { } management && !(Uri.TryCreate(management, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            errors.Add($"{Name(nameof(MessagingOptions.ManagementUrl))} ({SourceOf(nameof(MessagingOptions.ManagementUrl))}) is no http:// or https:// URL.");
        CheckKeyRing(options.Encryption, errors);
        return errors;
    }

    private void Bind(MessagingOptions options, MessagingSetting setting)
    {
        var key = Name(setting.Key);
        var errors = ErrorsOf(setting.Key);
        var found = _layers.FindOverride(key, setting.IsSecret, errors);
        if (_seeds is not null && setting.Key == Enabled && _seeds.FindEnabled(errors) is { } seed && found is null)
        {
            options.Enabled = seed.Flag;
            _sources[Enabled] = seed.Source;
            return;
        }

        if (_seeds is not null && setting.Key == Url && errors.Count == 0)
            found ??= _seeds.FindUrl(errors);
        if (errors.Count == 0)
            found ??= _layers.FindInFiles(key, setting.IsSecret, errors);
        if (found is null)
            return;
        if (setting.TryParse(found.Value, out var value))
        {
            setting.Set(options, value);
            _sources[setting.Key] = found.Source;
        }
        else
        {
            errors.Add($"{key} is '{found.Value}' ({found.Source}); expected {setting.Expected}{Hint(setting, found.Value)}.");
        }
    }

    private static string Hint(MessagingSetting setting, string value) =>
        setting.Type == typeof(TimeSpan) && int.TryParse(value, out var seconds) && seconds is >= 0 and < 86400
            ? $"; {value} seconds are written {MessagingSetting.Format(TimeSpan.FromSeconds(seconds))}"
            : "";

    private void BindKeyRing(MessagingOptions options)
    {
        var ids = (_configuration?.GetSection(Name(Keys)).GetChildren() ?? [])
            .Where(child => child.Value is not null)
            .Select(child => IsFileKey(child.Key) ? child.Key[..^4] : child.Key)
            .Distinct(StringComparer.OrdinalIgnoreCase);
        foreach (var id in ids)
        {
            if (_layers.Find(Name($"{Keys}:{id}"), orFile: true, ErrorsOf(Keys)) is not { } found)
                continue;
            options.Encryption.Keys[id] = found.Value.Trim();
            _sources[$"{Keys}:{id}"] = found.Source;
        }
    }

    private void FindUnknownKeys()
    {
        if (_configuration is null)
            return;
        var known = MessagingSetting.All.SelectMany(setting => setting.IsSecret ? [setting.Key, setting.Key + "File"] : new[] { setting.Key }).ToList();
        foreach (var leaf in Leaves(_configuration.GetSection(_section)))
        {
            var key = leaf[(_section.Length + 1)..];
            if (known.Contains(key, StringComparer.OrdinalIgnoreCase) || IsKeyOfRing(key))
                continue;
            var source = _layers.Find(leaf)?.Source is { } found ? $" ({found})" : "";
            var advice = known.Exists(one => one.StartsWith(key + ":", StringComparison.OrdinalIgnoreCase))
                ? "it is a group of settings and has no value of its own"
                : SettingWords.Nearest(key, known) is { } nearest ? $"did you mean {nearest}?" : $"known are {string.Join(", ", known)}";
            ErrorsOf(key).Add($"Unknown setting {leaf}{source}; {advice}");
        }
    }

    private static IEnumerable<string> Leaves(IConfigurationSection section)
    {
        foreach (var child in section.GetChildren())
        {
            // An empty JSON object or array also arrives as an empty value, and says nothing.
            if (!string.IsNullOrEmpty(child.Value))
                yield return child.Path;
            foreach (var leaf in Leaves(child))
                yield return leaf;
        }
    }

    private void CheckUrl(MessagingOptions options, List<string> errors)
    {
        if (options.Url is null)
        {
            errors.Add(
                $"No broker is named. Expected {Name(Url)} (environment {Name(Url).Replace(":", "__", StringComparison.Ordinal)})"
                + (_seeds is null ? "" : ", RABBITMQ_URL or RABBITMQ_HOST")
                + $" to name it; or {Name(Enabled)} set to true for a broker at localhost:5672, or to false to run without messaging.");
            return;
        }

        try
        {
            BrokerAddress.Parse(options.Url);
        }
        catch (ArgumentException error)
        {
            errors.Add($"{Name(Url)} ({SourceOf(Url)}) cannot be read. {error.Message}");
        }
    }

    private void CheckKeyRing(EncryptionOptions encryption, List<string> errors)
    {
        var bytes = new byte[32];
        foreach (var (id, key) in encryption.Keys)
        {
            if (!Convert.TryFromBase64String(key, bytes, out var length) || length != bytes.Length)
                errors.Add($"{Name($"{Keys}:{id}")} ({_sources.GetValueOrDefault($"{Keys}:{id}", "code")}) is no key; expected 32 bytes in Base64.");
        }

        if (encryption.KeyId is { } keyId && !encryption.Keys.ContainsKey(keyId))
        {
            var ids = encryption.Keys.Count == 0 ? "there are none" : $"there are {string.Join(", ", encryption.Keys.Keys)}";
            errors.Add($"{Name("Encryption:KeyId")} is '{keyId}' ({SourceOf("Encryption:KeyId")}); expected the id of a key under {Name(Keys)}, and {ids}.");
        }
    }

    private void SetInCode(string key)
    {
        _sources[key] = "code";
        _errors.Remove(key);
    }

    private static string KeyRing(MessagingOptions options) => string.Join('\n', options.Encryption.Keys.Select(pair => $"{pair.Key}\t{pair.Value}"));

    private static bool IsFileKey(string id) => id.Length > 4 && id.EndsWith("File", StringComparison.Ordinal);

    private static bool IsKeyOfRing(string key) =>
        key.StartsWith(Keys + ":", StringComparison.OrdinalIgnoreCase) && key.IndexOf(':', Keys.Length + 1) < 0;

    private string Name(string key) => $"{_section}:{key}";

    private List<string> ErrorsOf(string key)
    {
        if (!_errors.TryGetValue(key, out var errors))
            _errors[key] = errors = [];
        return errors;
    }
}
