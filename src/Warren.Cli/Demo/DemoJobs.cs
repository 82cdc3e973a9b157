using System.Text.Json;
using System.Text.Json.Nodes;
using Warren.Cli.Server;

namespace Warren.Cli.Demo;

/// <summary>The jobs of the demo.</summary>
internal static class DemoJobs
{
    private const string Short = "The cat sat on the mat. It was a warm day. The cat was happy.";

    private const string Long =
        "Although remote work was once regarded as an exception granted to a privileged few, it has, within less than a decade, become an ordinary arrangement "
        + "whose consequences reach far beyond the individual household. Critics contend that collaboration deteriorates when colleagues rarely share a room; "
        + "nevertheless, the available evidence suggests that deliberate communication compensates for most of what proximity used to provide.";

    /// <summary>Those that are submitted over HTTP: name, kind, args.</summary>
    public static IReadOnlyList<(string Name, string Kind, JsonNode Args)> OverHttp { get; } =
    [
        ("over-http", "text.stats", new JsonObject { ["text"] = string.Join("\n\n", Enumerable.Repeat(Long, 200)) }),
    ];

    /// <summary>Those that a backend publishes to be graded: name, routing key, fields.</summary>
    public static IReadOnlyList<(string Name, string RoutingKey, JsonObject Fields)> ToGrade { get; } =
    [
        .. DemoEssays.All.Select(essay => (essay.Name, "writing", new JsonObject
        {
            ["user_id"] = 1, ["attempt_id"] = 1, ["question_id"] = 1, ["task_type"] = "task2", ["prompt"] = DemoEssays.Prompt,
            ["student_answer"] = essay.Answer, ["target_level"] = essay.Level, ["callback_url"] = "http://localhost:3000/callback",
        })),
    ];

    /// <summary>Those that are submitted over plain AMQP.</summary>
    public static IReadOnlyList<(string Name, string Kind, JsonNode Args)> OverAmqp { get; } =
    [
        ("over-amqp", "text.stats", new JsonObject { ["text"] = Short + " " + Long }),
    ];

    /// <summary>The job that a program does, over HTTP; none where there is no sh. Its settings bind the kind to the program.</summary>
    /// <param name="directory">Where the demo may write.</param>
    /// <param name="settings">Where the binding goes.</param>
    public static async Task<(string Name, string Kind, JsonNode Args)?> ByProgramAsync(DirectoryInfo directory, Dictionary<string, string?> settings)
    {
        var engine = Path.Combine(AppContext.BaseDirectory, "engines", "example", "line_count.sh");
        if (OperatingSystem.IsWindows() || !File.Exists("/bin/sh") || !File.Exists(engine))
            return null;
        settings["Warren:Kinds:file_count:Command:0"] = "/bin/sh";
        settings["Warren:Kinds:file_count:Command:1"] = engine;
        var file = Path.Combine(directory.FullName, "essay.txt");
        await File.WriteAllTextAsync(file, string.Join('\n', Enumerable.Repeat(Long, 200)));
        return ("by-a-program", "file.count", new JsonObject { ["path"] = file });
    }

    /// <summary>Waits until the worker has said that it does a kind.</summary>
    public static async Task UntilOfferedAsync(ServerConnection server, string kind, CancellationToken cancellationToken)
    {
        while (true)
        {
            var kinds = await server.GetAsync<JsonElement>("v1/kinds", cancellationToken);
            if (kinds.GetProperty("kinds").EnumerateArray().Any(known => known.GetProperty("kind").GetString() == kind))
                return;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }
    }
}
