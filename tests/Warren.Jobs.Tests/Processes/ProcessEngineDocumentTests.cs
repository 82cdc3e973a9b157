using System.Reflection;
using System.Text.RegularExpressions;
using Warren.Jobs.Processes;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Processes;

/// <summary>docs/reference/process-engine.md: its programs run, and its tables are those of the code.</summary>
public class ProcessEngineDocumentTests
{
    private static readonly string Document = RepositoryFiles.Read("docs/reference/process-engine.md");

    [Fact]
    [Trait("Category", "Service")]
    public async Task The_Python_program_of_ten_lines_runs()
    {
        var program = Fence("python");
        Assert.InRange(program.TrimEnd().Split('\n').Length, 5, 10);
        await using var engine = new ShellEngine("", options => options.Command = ["python3", "-c", program]);
        var job = new RecordingJobContext();

        Assert.Equal("""{"epochs": 3, "args": {"lr": 0.1}}""", await engine.RunAsync("""{"lr":0.1}""", job));
        Assert.Equal("""{"epochs": 3, "args": "ü"}""", ShellEngine.Json(await engine.RunAsync("\"ü\"")).GetRawText().Replace("\\u00fc", "ü", StringComparison.Ordinal));

        Assert.Equal([1, 2, 3], job.Checkpoints.Select(saved => saved.Epoch!.Value));
        Assert.Equal(100, job.Checkpoints.Last().Progress);
        Assert.Equal(1, engine.Engine.Processes);
    }

    [Fact]
    public async Task The_shell_program_runs()
    {
        var program = Fence("sh");
        await using var engine = new ShellEngine("", options => (options.Command, options.Mode) = (["sh", "-c", program], ProcessMode.PerJob));
        var job = new RecordingJobContext();

        Assert.Matches("""^\{"bytes":1\d\d\}$""", await engine.RunAsync("{}", job));

        Assert.Equal(50, Assert.Single(job.Progress).Progress);
    }

    [Fact]
    public void The_table_of_faults_is_that_of_the_code()
    {
        var codes = typeof(EngineFault).GetFields(BindingFlags.Static | BindingFlags.Public).Select(field => (string)field.GetRawConstantValue()!);

        Assert.Equal(codes.Order(StringComparer.Ordinal), Names(@"^\| `(engine\.\w+)`").Append(EngineFault.Unresponsive).Order(StringComparer.Ordinal));
        Assert.Contains($"`{EngineFault.Unresponsive}`", Document, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_of_settings_is_that_of_the_code() =>
        Assert.Equal(ProcessKinds.Keys.Order(StringComparer.Ordinal), Names(@"^\| `([A-Z]\w+)`").Order(StringComparer.Ordinal));

    [Fact]
    public void The_defaults_are_those_of_the_code()
    {
        var options = new ProcessEngineOptions();
        Assert.All(typeof(ProcessEngineOptions).GetProperties(), property =>
        {
            var told = Regex.Match(Document, $@"^\| `{property.Name}` \| ([^|]+) \|", RegexOptions.Multiline).Groups[1].Value.Trim('`');
            var expected = property.GetValue(options) switch
            {
                null when property.Name == nameof(options.WorkingDirectory) => "the worker's",
                null or System.Collections.IEnumerable => "none",
                ProcessMode.Persistent => "persistent",
                TimeSpan time => time.ToString(time.Milliseconds == 0 ? "c" : @"hh\:mm\:ss\.f", null),
                var value => value.ToString(),
            };
            Assert.True(expected == told, $"{property.Name}: the code has {expected}, the document {told}.");
        });
    }

    [Fact]
    public void The_tables_of_lines_are_those_of_the_schema()
    {
        Assert.Equal(
            EngineSchema.Types("down").Concat(EngineSchema.Types("up")).Order(StringComparer.Ordinal),
            Names(@"^\| `(?!type`)([a-z]+)` \|").Order(StringComparer.Ordinal));
        Assert.All((string[])["down", "up"], direction => Assert.All(EngineSchema.Types(direction), type =>
        {
            var row = Regex.Match(Document, $@"^\| `{type}` \|.*$", RegexOptions.Multiline).Value;
            Assert.All(
                EngineSchema.Of(direction, type).GetProperty("properties").EnumerateObject().Where(name => name.Name != "type"),
                name => Assert.Contains($"`{name.Name}`", row, StringComparison.Ordinal));
        }));
    }

    private static string Fence(string language) =>
        Assert.Single(Regex.Matches(Document, $"^```{language}\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)).Groups[1].Value;

    private static IEnumerable<string> Names(string pattern) => Regex.Matches(Document, pattern, RegexOptions.Multiline).Select(match => match.Groups[1].Value);
}
