using System.Text.Json;
using System.Text.Json.Nodes;
using Warren.Cli.Demo;

namespace Warren.Cli.Tests;

/// <summary><c>warren engines</c> on machines that have nothing, and on this one.</summary>
public class EnginesTests
{
    [Fact]
    public async Task Without_any_program_it_lists_what_is_missing_and_what_that_means()
    {
        using var machine = new BareMachine();

        var list = await WarrenProgram.RunAsync(["engines", "list"], environment: machine.Environment);
        var json = await WarrenProgram.RunAsync(["engines", "list", "--json"], environment: machine.Environment);

        Assert.Equal((0, ""), (list.ExitCode, list.Errors));
        Assert.Contains("warren engines install harper", list.Output, StringComparison.Ordinal);
        Assert.Contains("grading.writing goes by Warren's own rules alone", list.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        var engines = JsonDocument.Parse(json.Output).RootElement.EnumerateArray().ToDictionary(engine => engine.GetProperty("name").GetString()!);
        Assert.Equal(["harper", "speech"], engines.Keys.Order());
        Assert.All(engines.Values, engine => Assert.False(engine.GetProperty("installed").GetBoolean()));
        Assert.Contains("node", engines["harper"].GetProperty("missing").EnumerateArray().Select(part => part.GetString()));
        Assert.Contains("ffmpeg", engines["speech"].GetProperty("missing").EnumerateArray().Select(part => part.GetString()));
        Assert.Equal("ffmpeg", engines["speech"].GetProperty("packages")[0].GetString());
    }

    [Fact]
    public async Task Jobs_fail_and_the_doctor_advises_in_the_words_of_the_list()
    {
        using var machine = new BareMachine();
        var flags = new Dictionary<string, string?>();
        using var recording = DemoRecording.Serve(flags);
        var environment = new Dictionary<string, string?>(machine.Environment)
        {
            ["Warren__Grading__EnginesDirectory"] = Path.Combine(machine.Data.FullName, "engines"), ["Warren__Grading__AudioHosts"] = flags["Warren:Grading:AudioHosts:0"],
        };
        await using var warren = await RunningWarren.StartAsync(environment);
        environment["WARREN_SERVER"] = warren.HttpUrl;

        var list = JsonDocument.Parse((await WarrenProgram.RunAsync(["engines", "list", "--json"], environment: environment)).Output).RootElement;
        var doctor = JsonDocument.Parse((await WarrenProgram.RunAsync(["doctor", "--json"], environment: environment)).Output).RootElement;
        var speaking = await warren.SubmitAsync("grading.speaking", new JsonObject { ["part_number"] = 1, ["audio_url"] = (string)recording.Job.Fields["audio_url"]!, ["target_level"] = "B1" }.ToJsonString());
        var writing = await warren.SubmitAsync(
            "grading.writing", new JsonObject { ["task_type"] = "task2", ["prompt"] = "Discuss.", ["student_answer"] = "I agree with this.", ["target_level"] = "B2" }.ToJsonString());
        await warren.UntilAsync(speaking, "failed");
        await warren.UntilAsync(writing, "succeeded");
        var error = (await warren.ShowAsync(speaking)).GetProperty("error");
        using var http = new HttpClient();
        var score = JsonDocument.Parse(await http.GetStringAsync($"{warren.HttpUrl}/v1/jobs/{writing}/result")).RootElement;

        var listed = list.EnumerateArray().ToDictionary(engine => engine.GetProperty("name").GetString()!, engine => engine.GetProperty("advice").GetString()!);
        var advised = doctor.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("check").GetString()!, check => check.GetProperty("advice").GetString());
        Assert.StartsWith("The engine speech lacks ffmpeg (package ffmpeg)", listed["speech"], StringComparison.Ordinal);
        Assert.EndsWith("install it with `warren engines install speech`", listed["speech"], StringComparison.Ordinal);
        Assert.Equal("The engine harper lacks node (package nodejs), Harper with its npm packages: install it with `warren engines install harper`", listed["harper"]);
        Assert.All(listed, engine => Assert.EndsWith(engine.Value, advised[$"engine {engine.Key}"], StringComparison.Ordinal));
        Assert.Equal(("engine.missing", listed["speech"]), (error.GetProperty("code").GetString(), error.GetProperty("message").GetString()));
        Assert.Contains($"{listed["harper"]}.", score.GetProperty("feedback").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task For_a_server_with_a_directory_of_data_of_its_own_it_installs_there()
    {
        using var machine = new BareMachine();
        var data = Path.Combine(machine.Data.FullName, "elsewhere");

        var run = await WarrenProgram.RunAsync(["engines", "install", "harper", "--dry-run", "--data", data], environment: machine.Environment);

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Contains($"cd {data}/engines/harper && npm ci", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_run_and_runs_nothing()
    {
        using var machine = new BareMachine();

        var run = await WarrenProgram.RunAsync(["engines", "install", "--dry-run"], environment: machine.Environment);

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Contains("apt-get install --yes --no-install-recommends nodejs npm", run.Output, StringComparison.Ordinal);
        Assert.Contains("npm ci --ignore-scripts", run.Output, StringComparison.Ordinal);
        Assert.Empty(machine.Data.GetFileSystemInfos());
    }

    [Fact]
    public async Task It_installs_nothing_without_being_told_to()
    {
        using var machine = new BareMachine();

        var run = await WarrenProgram.RunAsync(["engines", "install", "harper"], environment: machine.Environment);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("There is nobody to ask; say --yes, or look first with --dry-run.", run.Errors, StringComparison.Ordinal);
        Assert.Empty(machine.Data.GetFileSystemInfos());
    }

    [Fact]
    public async Task What_cannot_be_run_is_told_in_one_line()
    {
        using var machine = new BareMachine();

        var run = await WarrenProgram.RunAsync(["engines", "install", "speech", "--yes"], environment: machine.Environment);

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
}
