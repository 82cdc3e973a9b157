using System.Text;
using System.Text.Json;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Processes;

/// <summary>The shipped engines.</summary>
public class ExampleEngineTests
{
    private static string Engines => RepositoryFiles.PathOf("engines/example");

    [Fact]
    [Trait("Category", "Service")]
    public async Task The_table_engine_counts_words()
    {
        await using var engine = Python();
        var job = new RecordingJobContext();

        var result = await engine.RunAsync("""{"text":"The cat, the dog\nand the cat's übermut","top":2}""", job);

        AssertJson("""{"words":8,"different":6,"lines":2,"top":[{"word":"the","count":3},{"word":"and","count":1}]}""", result);
        Assert.Equal(100, Assert.Single(job.Progress).Progress);
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task The_table_engine_sums_up_columns()
    {
        await using var engine = Python();

        var result = await engine.RunAsync("""{"csv":"id;name;score\n1;ada;2.5\n2;\"b;o\";\n3;;nan\n","delimiter":";"}""");

        AssertJson(
            """
            {"rows":3,"columns":[
              {"name":"id","count":3,"missing":0,"text":0,"sum":6.0,"min":1.0,"max":3.0,"mean":2.0},
              {"name":"name","count":0,"missing":1,"text":2,"sum":0.0,"min":null,"max":null,"mean":null},
              {"name":"score","count":1,"missing":1,"text":1,"sum":2.5,"min":2.5,"max":2.5,"mean":2.5}]}
            """,
            result);
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task The_table_engine_goes_on_from_any_checkpoint_to_the_same_result()
    {
        await using var engine = Python();
        var table = new StringBuilder("a,b\n");
        for (var i = 0; i < 7000; i++)
            table.Append(null, $"{i},{(i % 7 == 0 ? "" : $"{i % 7}")}\n");
        var args = JsonSerializer.Serialize(new { csv = table.ToString() });
        var first = new RecordingJobContext();
        var whole = await engine.RunAsync(args, first);
        Assert.Equal(4, first.Checkpoints.Count);

        foreach (var (checkpoint, _, _, _) in first.Checkpoints)
        {
            var later = new RecordingJobContext(attempt: 2, checkpoint: ShellEngine.Json(checkpoint));
            AssertJson(whole, await engine.RunAsync(args, later));
            Assert.True(later.Checkpoints.Count < 4);
        }
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task The_table_engine_stops_when_it_is_asked_and_takes_the_next_job()
    {
        await using var engine = Python();
        using var stop = new CancellationTokenSource();
        // It says twice what a pipe and a buffer hold, and is not read on before it was asked to stop: so it cannot be through by then.
        var read = new TaskCompletionSource();
        var job = new RecordingJobContext { Broker = read.Task };
        var run = engine.RunAsync(JsonSerializer.Serialize(new { text = string.Concat(Enumerable.Repeat("a b\n", 2_500_000)) }), job, stop.Token);
        await job.Reported.Task;

        await stop.CancelAsync();
        await job.Asked.Task;
        read.SetResult();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(1, engine.Engine.Processes);
        Assert.Contains("\"words\": 1", await engine.RunAsync("""{"text":"one"}"""), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Category", "Service")]
    [InlineData("{}", "neither 'text' nor 'csv'")]
    [InlineData("[]", "neither 'text' nor 'csv'")]
    [InlineData("""{"text":1}""", "'text' is no text")]
    [InlineData("""{"text":"","top":0}""", "'top' is 0; 1 to 1000 was expected")]
    [InlineData("""{"csv":""}""", "'csv' is empty")]
    [InlineData("""{"csv":"a","delimiter":""}""", "'delimiter' is ''")]
    public async Task The_table_engine_says_what_is_wrong_with_args(string args, string words)
    {
        await using var engine = Python();

        var failure = await engine.FailsAsync("process_run.invalid", args);

        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
        Assert.Equal(FailureCause.Invalid, failure.Cause);
    }

    [Fact]
    public async Task The_file_engine_counts_lines()
    {
        await using var engine = new ShellEngine("", options => options.Command = ["sh", Path.Combine(Engines, "line_count.sh")]);
        await File.WriteAllTextAsync(Path.Combine(engine.Directory, "a file"), "one two\nthree\n");

        Assert.Equal("""{"lines":2,"words":3,"bytes":14}""", await engine.RunAsync($$"""{"path":"{{engine.Directory}}/a file"}"""));
        await engine.FailsAsync("file_count.not_found", """{"path":"/no/such"}""");
        await engine.FailsAsync("file_count.invalid", """{"path":"a\"b"}""");
        await engine.FailsAsync("file_count.invalid", "[]");
        Assert.Equal(1, engine.Engine.Processes);
    }

    private static ShellEngine Python() => new("", options => options.Command = ["python3", Path.Combine(Engines, "table_stats.py")]);

    private static void AssertJson(string expected, string found) =>
        Assert.True(JsonElement.DeepEquals(ShellEngine.Json(expected), ShellEngine.Json(found)), $"Found {found}");
}
