using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Warren.TestKit;

namespace Warren.Samples.Tests.Grading;

/// <summary>Where a learner's recordings are: a web server of the test, with answers that flite speaks.</summary>
internal sealed class RecordingServer : IAsyncDisposable
{
    private static readonly Spoken[] All =
    [
        // The first is the longest, to be listened to while something is done to its worker.
        new("slt", "I think that living in a big city has many advantages, because there are very good schools and hospitals. However, the traffic is terrible and the air is not clean.", "living in a big city has many advantages because"),
        new("rms", "In my opinion, people should have the choice to work from home, and to see their children.", "people should have the choice to work from home"),
        new("awb", "Every summer my friends and I travel to the mountains, because we like to walk in the forest.", "travel to the mountains because we like to walk"),
    ];

    private static readonly Lazy<Task<string>> Missing = new(ListMissingAsync);
    private readonly ConcurrentDictionary<string, byte[]> _files = new();
    private readonly FileServer _server;

    private RecordingServer(FileServer server) => _server = server;

    /// <summary>How many recordings there are.</summary>
    public static int Count => All.Length;

    /// <summary>Its address with its port, as <c>Warren:Grading:AudioHosts</c> has it.</summary>
    public string Host => _server.Host;

    /// <summary>What was asked for, in its order.</summary>
    public Arrivals<string> Fetched { get; } = new();

    /// <summary>Ends the test as skipped, failed on CI, if what speaks or what listens is missing.</summary>
    public static async Task RequireSpeechAsync()
    {
        Services.Require("flite");
        if (await Missing.Value is { Length: > 0 } missing)
            Services.Missing($"The engine of speech needs {missing}; ./test installs it.");
    }

    /// <summary>Has all recordings spoken, and serves them as <c>/0.wav</c> and so on.</summary>
    public static async Task<RecordingServer> StartAsync(CancellationToken cancellationToken)
    {
        RecordingServer recordings = null!;
        recordings = new(await FileServer.StartAsync(context => recordings.AnswerAsync(context)));
        var directory = Directory.CreateTempSubdirectory("warren-spoken-");
        foreach (var (number, spoken) in All.Index())
        {
            var file = Path.Combine(directory.FullName, $"{number}.wav");
            await Flite.SpeakAsync(file, spoken.Voice, spoken.Text);
            recordings.Serve($"/{number}.wav", await File.ReadAllBytesAsync(file, cancellationToken));
        }
        directory.Delete(recursive: true);
        return recordings;
    }

    /// <summary>Serves something else.</summary>
    public void Serve(string path, byte[] bytes) => _files[path] = bytes;

    /// <summary>What a backend hands in for a file.</summary>
    public JsonObject Answer(string path) => new() { ["part_number"] = 1, ["audio_url"] = _server.Url(path), ["target_level"] = "B1" };

    /// <summary>What a backend hands in for a recording.</summary>
    public JsonObject Answer(int number) => Answer($"/{number}.wav");

    /// <summary>That the grade is of this recording, and has all that a backend reads.</summary>
    public static void IsGraded(JsonNode end, int number)
    {
        Assert.Equal(("completed", null), ((string?)end["status"], (string?)end["error"]));
        var score = end["result"]!;
        Assert.Contains(All[number].Heard, (string?)score["transcript"], StringComparison.Ordinal);
        Assert.All(["overall_score", "pronunciation", "fluency", "grammar", "vocabulary"], name => Assert.Contains((double)score[name]!, Enumerable.Range(0, 19).Select(half => half / 2.0)));
        // A voice that everybody understands says a few sentences without an error.
        Assert.InRange((double)score["overall_score"]!, 4, 9);
        Assert.InRange((int)score["words_per_minute"]!, 100, 300);
        Assert.All(score["pronunciation_errors"]!.AsArray(), error => Assert.All(["word", "phonetic", "issue"], name => Assert.NotEmpty((string)error![name]!)));
        Assert.All(score["suggestions"]!.AsArray(), suggestion => Assert.Equal(JsonValueKind.String, suggestion!.GetValueKind()));
        Assert.NotEmpty((string)score["feedback"]!);
        Assert.Equal("pocketsphinx (heuristic)", (string?)score["engine"]);
        Assert.True((double)score["processing_time"]! > 0);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Fetched.Add(path);
        if (_files.TryGetValue(path, out var bytes))
            return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    // As the command line says it, which the workers are started with.
    private static async Task<string> ListMissingAsync()
    {
        await using var list = RunningProgram.Start("the list of engines", GradingSystem.Warren("engines", "list", "--json"), new Dictionary<string, string?>());
        if (await list.FinishAsync(CancellationToken.None) != 0)
            throw new InvalidOperationException(list.Said());
        var speech = JsonNode.Parse(string.Concat(list.Lines.Items))!.AsArray().Single(engine => (string?)engine!["name"] == "speech")!;
        return string.Join("; ", speech["missing"]!.AsArray());
    }

    // What is heard for sure, in the middle of it: engines may guess at the first word and the last.
    private sealed record Spoken(string Voice, string Text, string Heard);
}
