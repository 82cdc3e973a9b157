using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;

namespace Warren.Messaging.Hosting;

/// <summary>A configured value and where it came from, such as <c>environment RABBITMQ_URL</c>.</summary>
internal sealed record FoundValue(string Value, string Source);

/// <summary>
/// The providers of an application's configuration in two groups, each with the winner first: those an operator turns at start
/// (command line, environment, mounted keys, memory) and files. An empty value counts as not set, as <c>${NAME:-}</c> leaves it.
/// </summary>
internal sealed class ConfigurationLayers
{
    private readonly List<Layer> _overrides = [];
    private readonly List<Layer> _files = [];

    /// <summary>Takes the configuration apart; none is an empty one.</summary>
    public ConfigurationLayers(IConfiguration? configuration)
    {
        if (configuration is not null)
            Add(configuration);
    }

    /// <summary>Finds a key in command line, environment and whatever else is no file.</summary>
    public FoundValue? FindOverride(string key, bool orFile, ICollection<string> errors) => Find(_overrides, key, orFile, errors);

    /// <summary>Finds a key in configuration files.</summary>
    public FoundValue? FindInFiles(string key, bool orFile, ICollection<string> errors) => Find(_files, key, orFile, errors);

    /// <summary>Finds a key anywhere, files last.</summary>
    public FoundValue? Find(string key, bool orFile, ICollection<string> errors) =>
        FindOverride(key, orFile, errors) ?? FindInFiles(key, orFile, errors);

    /// <summary>Finds a key that has no mounted file.</summary>
    public FoundValue? Find(string key) => Find(key, orFile: false, []);

    private static FoundValue? Find(List<Layer> layers, string key, bool orFile, ICollection<string> errors, string fileSuffix = "File")
    {
        // RABBITMQ_PASSWORD goes with RABBITMQ_PASSWORD_FILE, as container images have it.
        if (!key.Contains(':', StringComparison.Ordinal))
            fileSuffix = "_FILE";
        foreach (var layer in layers)
        {
            var path = orFile && layer.TryGet(key + fileSuffix, out var file) ? file : null;
            if (layer.TryGet(key, out var value))
            {
                if (path is not null)
                    errors.Add($"Both {layer.Describe(key)} and {layer.Describe(key + fileSuffix)} are set; expected one of them.");
                return new FoundValue(value, layer.Describe(key));
            }

            if (path is not null)
                return ReadFile(path, layer.Describe(key + fileSuffix), errors);
        }

        return null;
    }

    private static FoundValue? ReadFile(string path, string source, ICollection<string> errors)
    {
        try
        {
            var text = File.ReadAllText(path);
            // Editors and `kubectl create secret --from-file` leave one line end; any other white space may belong to the secret.
            text = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
            if (text.Length > 0)
                return new FoundValue(text, source);
            errors.Add($"{source} names the file {path}, which is empty; expected the value in it.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            errors.Add($"{source} names the file {path}, which cannot be read: {error.Message}");
        }

        return null;
    }

    private void Add(IConfiguration configuration)
    {
        if (configuration is not IConfigurationRoot root)
        {
            _overrides.Add(new Layer(key => configuration[key], key => $"configuration {key}"));
            return;
        }

        foreach (var provider in root.Providers.Reverse())
        {
            if (provider is ChainedConfigurationProvider chained)
            {
                Add(chained.Configuration);
                continue;
            }

            var layers = provider is FileConfigurationProvider ? _files : _overrides;
            layers.Add(new Layer(key => provider.TryGet(key, out var value) ? value : null, key => Describe(provider, key)));
        }
    }

    // By name: the packages of these providers are the application's choice, not ours.
    private static string Describe(IConfigurationProvider provider, string key) => (provider, provider.GetType().Name) switch
    {
        (FileConfigurationProvider file, _) => $"{file.Source.Path} {key}",
        (_, "EnvironmentVariablesConfigurationProvider") => $"environment {key.Replace(":", "__", StringComparison.Ordinal)}",
        (_, "CommandLineConfigurationProvider") => $"command line --{key}",
        (_, "MemoryConfigurationProvider") => $"memory {key}",
        (_, var name) => $"{name.Replace("ConfigurationProvider", "", StringComparison.Ordinal)} {key}",
    };

    private sealed record Layer(Func<string, string?> Get, Func<string, string> Describe)
    {
        public bool TryGet(string key, [NotNullWhen(true)] out string? value)
        {
            value = Get(key);
            return !string.IsNullOrWhiteSpace(value);
        }
    }
}
