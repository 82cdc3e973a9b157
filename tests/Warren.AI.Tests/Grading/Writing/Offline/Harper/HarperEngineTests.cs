using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Warren.AI.Grading;
using Warren.AI.Grading.Writing.Offline;
using Warren.AI.Grading.Writing.Offline.Harper;
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
        await using var harper = Engine(_directory.FullName);

        var score = await GradeAsync(harper, "He go to school by bus.");

        Assert.Equal(OfflineWritingGrader.Alone, score.Engine);
        Assert.Contains("without Harper", score.Feedback, StringComparison.Ordinal);
        Assert.Contains("warren engines install harper", score.Feedback, StringComparison.Ordinal);
        Assert.Equal("goes", Assert.Single(score.GrammarErrors).Correction);
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task Harper_finds_what_the_rules_do_not_at_places_that_fit()
    {
        await using var harper = Installed();
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
        await using var harper = Installed();
        List<(double, double)> pairs = [];

        foreach (var essay in EssaySet.Half(b: true))
        {
            var score = await new OfflineWritingGrader(harper).GradeAsync(essay.Args, new SilentJobContext(), CancellationToken.None);
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
        await using var harper = Installed();

        var hostile = await harper.CheckAsync(string.Concat(Enumerable.Repeat(part, count)) + " He have a dog.", new SilentJobContext(), CancellationToken.None);
        var next = await harper.CheckAsync("She have a cat.", new SilentJobContext(), CancellationToken.None);

        Assert.NotNull(hostile.Lints);
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
        new SilentJobContext(),
        CancellationToken.None);

    private static HarperEngine Engine(string directory, TimeProvider? time = null) =>
        new(Options.Create(new GradingOptions { EnginesDirectory = directory }), time ?? TimeProvider.System, NullLogger<HarperEngine>.Instance);

    private static HarperEngine Installed()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Warren.slnx")))
            directory = directory.Parent;
        var harper = Engine(Path.Combine(directory?.FullName ?? "", "engines"));
        if (harper.Missing() is { } missing)
            Services.Missing($"{missing}; ./test installs the packages of engines/harper, in {harper.Directory}.");
        return harper;
    }

    private HarperEngine Fake(string onJob, TimeProvider? time = null, string beforeReady = "")
    {
        Services.Require("node");
        var imports = string.Join('\n', onJob.Split('\n').Where(line => line.StartsWith("import", StringComparison.Ordinal)));
        var body = string.Join('\n', onJob.Split('\n').Where(line => !line.StartsWith("import", StringComparison.Ordinal)));
        var directory = _directory.CreateSubdirectory("harper");
        directory.CreateSubdirectory("node_modules/harper.js");
        File.WriteAllText(Path.Combine(directory.FullName, "harper.mjs"), $$"""
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
            """);
        return Engine(_directory.FullName, time);
    }
}
