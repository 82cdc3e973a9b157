using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Warren.AI.Grading;
using Warren.AI.Tests.Grading.Writing.Offline;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading.Speaking.HeldOut;

/// <summary>What docs/grading-speaking.md says of recordings that nothing was tuned on.</summary>
public class HeldOutTests
{
    [Fact]
    public void The_recordings_are_those_that_were_frozen() =>
        Assert.Equal("1d0eb706f099613162425243af6e8fb9e6950149d80dfa0255207509aea65c5a", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(HeldOutSet.Text))));

    [Fact]
    public void Every_level_has_three_of_them() =>
        Assert.All(Enum.GetValues<TargetLevel>(), level => Assert.Equal(3, HeldOutSet.All.Count(recording => recording.Level == level)));

    // As much as is asked of writing.
    [Fact]
    [Trait("Category", "Service")]
    public async Task Scores_follow_levels_on_recordings_that_nothing_was_tuned_on()
    {
        Recordings.Require();
        var scores = await GradeAsync();

        var correlation = Spearman.Of(HeldOutSet.All.Select(recording => ((double)recording.Level, scores[recording.Name].OverallScore)));

        // The figures of the docs; they are told when it holds as well.
        var figures = $"Spearman's correlation is {correlation:0.000}.\n{string.Join('\n', HeldOutSet.All.Select(recording => Line(recording, scores[recording.Name])))}";
        TestContext.Current.TestOutputHelper!.WriteLine(figures);
        Assert.True(correlation >= 0.8, figures);
    }

    private static async Task<ConcurrentDictionary<string, SpeakingScore>> GradeAsync()
    {
        var directory = Directory.CreateTempSubdirectory("warren-held-out-");
        try
        {
            await using var server = await FileServer.StartAsync(context => context.Response.SendFileAsync(Path.Combine(directory.FullName, Path.GetFileName(context.Request.Path.Value!)), context.RequestAborted));
            var handler = Recordings.Handler(new GradingOptions { AudioHosts = { server.Host } }, new());
            var scores = new ConcurrentDictionary<string, SpeakingScore>();
            await Parallel.ForEachAsync(
                HeldOutSet.All,
                new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = TestContext.Current.CancellationToken },
                async (recording, cancellationToken) =>
                {
                    var file = new FileInfo(Path.Combine(directory.FullName, $"{recording.Name}.wav"));
                    await Recordings.SpeakAsync(file, recording.Voice, recording.Phrases, recording.Stretch, recording.Pause);
                    scores[recording.Name] = await handler.HandleAsync(Words.Args(url: server.Url($"/{file.Name}")), new QuietJob(GradingKinds.Speaking), cancellationToken);
                });
            return scores;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static string Line(HeldOutRecording recording, SpeakingScore score) =>
        $"{recording.Name}: {score.OverallScore} (pronunciation {score.Pronunciation}, fluency {score.Fluency}, grammar {score.Grammar}, vocabulary {score.Vocabulary}, {score.WordsPerMinute} words per minute): {score.Transcript}";
}
