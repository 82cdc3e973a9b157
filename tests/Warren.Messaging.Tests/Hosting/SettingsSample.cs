using Microsoft.Extensions.Configuration;
using Warren.Messaging.Hosting;

namespace Warren.Messaging.Tests.Hosting;

/// <summary>Settings as an application has them: a real appsettings.json, real environment variables, a command line, and code.</summary>
internal sealed class SettingsSample : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("warren-settings-").FullName;
    private readonly string _prefix = $"T{Guid.NewGuid():N}_";
    private readonly List<string> _variables = [];

    public string? Json { get; init; }

    public string[] Arguments { get; init; } = [];

    public Action<MessagingOptions>? Code { get; init; }

    public string? BusKey { get; init; }

    public SettingsSample Set(params string[] assignments)
    {
        foreach (var assignment in assignments)
        {
            var (name, value) = (assignment.Split('=', 2)[0], assignment.Split('=', 2)[1]);
            Environment.SetEnvironmentVariable(_prefix + name, value);
            _variables.Add(_prefix + name);
        }

        return this;
    }

    /// <summary>Writes a mounted secret and gives its path.</summary>
    public string Secret(string text)
    {
        var path = Path.Combine(_directory, $"secret-{Guid.NewGuid():N}");
        File.WriteAllText(path, text);
        return path;
    }

    public IConfiguration Configuration()
    {
        File.WriteAllText(Path.Combine(_directory, "appsettings.json"), Json ?? "{}");
        return new ConfigurationBuilder()
            .SetBasePath(_directory)
            .AddJsonFile("appsettings.json")
            .AddEnvironmentVariables(_prefix)
            .AddCommandLine(Arguments)
            .Build();
    }

    public Resolved Resolve()
    {
        var settings = new MessagingSettings(Configuration(), BusKey);
        var options = new MessagingOptions();
        settings.Bind(options);
        Code?.Invoke(options);
        settings.Complete(options);
        return new Resolved(options, settings, settings.Validate(options));
    }

    public void Dispose()
    {
        foreach (var variable in _variables)
            Environment.SetEnvironmentVariable(variable, null);
        Directory.Delete(_directory, recursive: true);
    }

    internal sealed record Resolved(MessagingOptions Options, MessagingSettings Settings, IReadOnlyList<string> Errors);
}
