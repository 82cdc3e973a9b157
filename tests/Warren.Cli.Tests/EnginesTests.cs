using System.Text.Json;

namespace Warren.Cli.Tests;

/// <summary><c>warren engines</c> on machines that have nothing, and on this one.</summary>
public class EnginesTests
{
    [Fact]
    public async Task Without_any_program_it_lists_what_is_missing_and_what_that_means()
    {
        using var place = new TemporaryPlace();

        var list = await WarrenProgram.RunAsync(["engines", "list"], environment: place.Bare);
        var json = await WarrenProgram.RunAsync(["engines", "list", "--json"], environment: place.Bare);

        Assert.Equal((0, ""), (list.ExitCode, list.Errors));
        Assert.Contains("warren engines install harper", list.Output, StringComparison.Ordinal);
        Assert.Contains("grading.writing goes by Warren's own rules alone", list.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        var engines = JsonDocument.Parse(json.Output).RootElement.EnumerateArray().ToDictionary(engine => engine.GetProperty("name").GetString()!);
        Assert.Equal(["harper", "speech"], engines.Keys.Order());
        Assert.All(engines.Values, engine => Assert.False(engine.GetProperty("installed").GetBoolean()));
        Assert.Contains("node", engines["harper"].GetProperty("missing").EnumerateArray().Select(part => part.GetString()));
        Assert.Contains("ffmpeg", engines["speech"].GetProperty("missing").EnumerateArray().Select(part => part.GetString()));
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_run_and_runs_nothing()
    {
        using var place = new TemporaryPlace();

        var run = await WarrenProgram.RunAsync(["engines", "install", "--dry-run"], environment: place.Bare);

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Contains("apt-get install --yes --no-install-recommends nodejs npm", run.Output, StringComparison.Ordinal);
        Assert.Contains("npm ci --ignore-scripts", run.Output, StringComparison.Ordinal);
        Assert.Empty(place.Directory.GetFileSystemInfos());
    }

    [Fact]
    public async Task It_installs_nothing_without_being_told_to()
    {
        using var place = new TemporaryPlace();

        var run = await WarrenProgram.RunAsync(["engines", "install", "harper"], environment: place.Bare);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("There is nobody to ask; say --yes, or look first with --dry-run.", run.Errors, StringComparison.Ordinal);
        Assert.Empty(place.Directory.GetFileSystemInfos());
    }

    [Fact]
    public async Task What_cannot_be_run_is_told_in_one_line()
    {
        using var place = new TemporaryPlace();

        var run = await WarrenProgram.RunAsync(["engines", "install", "speech", "--yes"], environment: place.Bare);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("cannot be run here", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_does_not_exist_is_a_mistake()
    {
        var run = await WarrenProgram.RunAsync(["engines", "install", "grammarly"]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("There is no engine 'grammarly'; there are harper, speech.", run.Errors, StringComparison.Ordinal);
    }

    // A PATH with dotnet alone, which the program itself needs, and a directory of its own.
    private sealed class TemporaryPlace : IDisposable
    {
        private readonly DirectoryInfo _programs = System.IO.Directory.CreateTempSubdirectory("warren-path-");

        public DirectoryInfo Directory { get; } = System.IO.Directory.CreateTempSubdirectory("warren-engines-");

        public Dictionary<string, string?> Bare => new() { ["PATH"] = _programs.FullName, ["Warren__Data"] = Directory.FullName };

        public void Dispose()
        {
            Directory.Delete(recursive: true);
            _programs.Delete(recursive: true);
        }
    }
}
