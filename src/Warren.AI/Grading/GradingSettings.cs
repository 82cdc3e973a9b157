using Microsoft.Extensions.Configuration;
using Warren.AI.Engines;
using Warren.Messaging.Hosting;

namespace Warren.AI.Grading;

/// <summary>Reads <c>Warren:Grading</c>, and the names of queues as seed 0 reads them from the environment.</summary>
internal static class GradingSettings
{
    private static readonly (string Key, string Seed, Action<GradingOptions, string> Set)[] Seeds =
    [
        (nameof(GradingOptions.WritingQueue), "WRITING_QUEUE", (options, value) => options.WritingQueue = value),
        (nameof(GradingOptions.SpeakingQueue), "SPEAKING_QUEUE", (options, value) => options.SpeakingQueue = value),
        (nameof(GradingOptions.ResultQueue), "RESULT_QUEUE", (options, value) => options.ResultQueue = value),
    ];

    /// <summary>Fills in the options: <c>Warren__Grading__…</c> over the seed's names over files.</summary>
    public static void Bind(GradingOptions options, IConfiguration configuration)
    {
        var section = configuration.GetSection(GradingOptions.Section);
        section.Bind(options);
        options.EnginesDirectory = EnginesFolder.Of(options.EnginesDirectory, configuration[EnginesFolder.DataKey]);
        var layers = new ConfigurationLayers(configuration);
        foreach (var (key, seed, set) in Seeds)
        {
            if (layers.FindOverride($"{GradingOptions.Section}:{key}", orFile: false, []) is null && layers.FindOverride(seed, orFile: false, []) is { } found)
                set(options, found.Value);
        }
        // A variable of the environment holds them all in one.
        if (section.GetSection(nameof(GradingOptions.AudioHosts)).Value is { } hosts)
        {
            foreach (var host in hosts.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                options.AudioHosts.Add(host);
        }
    }

    /// <summary>What is wrong with them; null if nothing is.</summary>
    public static string? Problem(GradingOptions options)
    {
        string[] queues = [options.WritingQueue, options.SpeakingQueue, options.ResultQueue];
        return queues.Distinct(StringComparer.Ordinal).Count() == queues.Length
            ? null
            : $"The queues of {GradingOptions.Section} are {string.Join(", ", queues)}; three different names were expected.";
    }
}
