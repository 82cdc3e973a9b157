using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Warren.AI.Engines;
using Warren.AI.Grading;
using Warren.AI.Grading.Writing.Offline;
using Warren.AI.Grading.Writing.Offline.Harper;
using Warren.AI.Tests.Grading.Speaking;
using Warren.AI.Tests.Grading.Writing.Essays;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading.Writing.Offline.Harper;

public sealed class HarperEngineTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-harper-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Without_an_installed_engine_the_rules_grade_alone_and_say_so()
    {
        await using var harper = Engine(new(_directory.FullName));

        var score = await GradeAsync(harper, "He go to school by bus.");

        Assert.Equal(OfflineWritingGrader.Alone, score.Engine);
        Assert.Contains("without Harper", score.Feedback, StringComparison.Ordinal);
        Assert.Contains("warren engines install harper", score.Feedback, StringComparison.Ordinal);
        Assert.Equal("goes", Assert.Single(score.GrammarErrors).Correction);
    }

    /// <summary>Each part that may be gone, and how it is called then.</summary>
    [Theory]
    [InlineData("node", "node (package nodejs)")]
    [InlineData("harper", "Harper with its npm packages")]
    [InlineData("harper.mjs", "Harper with its npm packages")]
    [InlineData("node_modules", "Harper with its npm packages")]
    public async Task Feedback_says_what_the_list_says_is_missing(string part, string name)
    {
        var node = Directory.CreateDirectory(Path.Combine(_directory.FullName, "bin"));
        Recordings.WriteProgram(Path.Combine(node.FullName, "node"), "#!/bin/sh\nexit 1\n");
        var programs = Install(new(_directory.FullName) { SearchPath = part == "node" ? _directory.FullName : node.FullName });
        if (part == "harper")
            Directory.Delete(programs.Directory, recursive: true);
        else if (part == "node_modules")
            File.Delete(Path.Combine(programs.Directory, part, ".package-lock.json"));
        else if (part == "harper.mjs")
            File.AppendAllText(programs.Program, "// of another version");
        var listed = new EngineCatalog(new SpeechPrograms(), programs).All.Single(engine => engine.Name == "harper");
        await using var harper = Engine(programs);

        var missing = Assert.Single(await listed.MissingAsync(CancellationToken.None));
        var score = await GradeAsync(harper, "He go to school by bus.");

        Assert.Equal(name, missing.ToString());
        Assert.Contains($"{listed.Lacks([missing])}.", score.Feedback, StringComparison.Ordinal);
        Assert.Equal(OfflineWritingGrader.Alone, score.Engine);
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task Harper_finds_what_the_rules_do_not_at_places_that_fit()
    {
        await using var harper = await InstalledAsync();
        const string Text = "😀 I recieved an acomodation and she have went home. I realise the colour of the center. Kowalska lives in Elmford.";

        var score = await GradeAsync(harper, Text);

        Assert.Equal(OfflineWritingGrader.WithHarper, score.Engine);
        Assert.All(score.GrammarErrors, error => Assert.Equal(Text[error.Position[0]..error.Position[1]], error.Text));
        var found = score.GrammarErrors.ToDictionary(error => error.Text, error => error.Correction);
        Assert.Equal("received", found["recieved"]);
        Assert.Equal("accommodation", found["acomodation"]);
        Assert.Equal("has", found["have"]);
        Assert.Equal("gone", found["went"]);
        // Both dialects are right, and names are no errors.
        Assert.Equal(4, found.Count);
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task Scores_follow_levels_with_harper_too()
    {
        await using var harper = await InstalledAsync();
        List<(double, double)> pairs = [];

        foreach (var essay in EssaySet.Half(b: true))
        {
            var score = await new OfflineWritingGrader(harper).GradeAsync(essay.Args, new QuietJob(GradingKinds.Writing), CancellationToken.None);
            Assert.Equal(OfflineWritingGrader.WithHarper, score.Engine);
            pairs.Add(((double)essay.Level, score.OverallScore));
        }

        Assert.True(Spearman.Of(pairs) >= 0.8, $"Spearman's correlation is {Spearman.Of(pairs):0.000}.");
    }

    [Theory]
    [Trait("Category", "Service")]
    [InlineData("x", 40_000)]
    [InlineData("\u200b", 40_000)]
    [InlineData("\0", 40_000)]
    [InlineData("אבג ", 10_000)]
    [InlineData("\ud800 a ", 8_000)]
    public async Task A_hostile_text_is_survived_by_the_process(string part, int count)
    {
        await using var harper = await InstalledAsync();

        var hostile = await harper.CheckAsync(string.Concat(Enumerable.Repeat(part, count)) + " He have a dog.", new QuietJob(GradingKinds.Writing), CancellationToken.None);
        Assert.True(hostile.Lints is not null, hostile.Reason);
        var next = await harper.CheckAsync("She have a cat.", new QuietJob(GradingKinds.Writing), CancellationToken.None);

        Assert.Single(next.Lints!);
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task A_process_that_crashes_costs_the_text_its_harper_and_no_more()
    {
        // As after a panic: the first process dies over its first text, the second answers.
        await using var harper = Fake("""
            import { existsSync, writeFileSync } from "node:fs";
            if (existsSync("crashed")) say({ type: "result", id, result: { lints: [{ start: 0, end: 2, kind: "Usage", message: "why", suggestions: ["It"] }] } });
            else { writeFileSync("crashed", ""); process.exit(134); }
            """);

        var first = await GradeAsync(harper, "We agreed.");
        var second = await GradeAsync(harper, "We agreed.");

        Assert.Equal(OfflineWritingGrader.Alone, first.Engine);
        Assert.Contains("Harper failed with this text", first.Feedback, StringComparison.Ordinal);
        Assert.Equal(OfflineWritingGrader.WithHarper, second.Engine);
        Assert.Equal("It", Assert.Single(second.GrammarErrors).Correction);
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task A_process_that_takes_too_long_is_given_up()
    {
        var time = new ManualTimeProvider();
        await using var harper = Fake("""
            import { writeFileSync } from "node:fs";
            writeFileSync("asked", "");
            """, time);

        var grading = GradeAsync(harper, "We agreed.");
        await Eventually.ThatAsync(() => File.Exists(Path.Combine(_directory.FullName, "harper", "asked")), "the process has the text");
        // The process hears that it is given up in its own time.
        await Eventually.ThatAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return grading.IsCompleted;
            },
            "the text is given up");

        Assert.Contains("took too long", (await grading).Feedback, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task An_engine_that_does_not_start_is_not_waited_for_by_every_essay()
    {
        await using var harper = Fake("", beforeReady: "import { appendFileSync } from 'node:fs'; appendFileSync('starts', '.'); process.exit(1);");

        var first = await GradeAsync(harper, "We agreed.");
        var starts = File.ReadAllText(Path.Combine(_directory.FullName, "harper", "starts"));
        var second = await GradeAsync(harper, "We agreed.");

        Assert.Contains("Harper did not start", first.Feedback, StringComparison.Ordinal);
        Assert.Contains("Harper did not start", second.Feedback, StringComparison.Ordinal);
        Assert.Equal(starts, File.ReadAllText(Path.Combine(_directory.FullName, "harper", "starts")));
    }

    private static Task<WritingScore> GradeAsync(HarperEngine harper, string text) => new OfflineWritingGrader(harper).GradeAsync(
        new() { TaskType = WritingTask.Task2, Prompt = "Write about your school.", StudentAnswer = text, TargetLevel = TargetLevel.B1 },
        new QuietJob(GradingKinds.Writing),
        CancellationToken.None);

    private static HarperEngine Engine(HarperPrograms programs, TimeProvider? time = null) =>
        new(programs, time ?? TimeProvider.System, NullLogger<HarperEngine>.Instance);

    private static async Task<HarperEngine> InstalledAsync()
    {
        var programs = new HarperPrograms(RepositoryFiles.PathOf("engines"));
        if (await programs.Engine.MissingAsync(CancellationToken.None) is { Count: > 0 } missing)
            Services.Missing($"{programs.Engine.Lacks(missing)}; ./test installs it in {programs.Directory}.");
        // How long it takes over a text is for the machine to say: the clock on which it may be given up stands still.
        return Engine(programs, new ManualTimeProvider());
    }

    // As npm leaves it.
    private static HarperPrograms Install(HarperPrograms programs)
    {
        programs.Unpack();
        var packages = Directory.CreateDirectory(Path.Combine(programs.Directory, "node_modules"));
        File.WriteAllText(Path.Combine(packages.FullName, ".package-lock.json"), "{}");
        return programs;
    }

    private HarperEngine Fake(string onJob, TimeProvider? time = null, string beforeReady = "")
    {
        Services.Require("node");
        var imports = string.Join('\n', onJob.Split('\n').Where(line => line.StartsWith("import", StringComparison.Ordinal)));
        var body = string.Join('\n', onJob.Split('\n').Where(line => !line.StartsWith("import", StringComparison.Ordinal)));
        var program = $$"""
            import { createInterface } from "node:readline";
            {{imports}}
            {{beforeReady}}
            const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");
            say({ type: "ready", protocol: 1 });
            for await (const line of createInterface({ input: process.stdin })) {
              const { type, id } = JSON.parse(line);
              if (type === "ping") say({ type: "pong" });
              if (type !== "job") continue;
              {{body}}
            }
            """;
        return Engine(Install(new(_directory.FullName) { Files = new Dictionary<string, byte[]> { ["harper.mjs"] = Encoding.UTF8.GetBytes(program) } }), time);
    }
}
