using Warren.TestKit;

namespace Warren.Cli.Tests;

public class ScriptTests
{
    // One test, since all of it is one script and building takes its time.
    [Fact]
    public async Task The_script_builds_once_and_passes_arguments_exit_code_and_streams_from_any_directory()
    {
        Services.Require("bash");
        var script = RepositoryFiles.PathOf("warren");

        var first = await WarrenProgram.RunAsync(["help"], script: script);
        var link = Path.Combine(Directory.CreateTempSubdirectory("warren-cli-").FullName, "warren");
        File.CreateSymbolicLink(link, script);
        var second = await WarrenProgram.RunAsync(["publish", "a b", "c"], script: link, directory: "/");
        var closed = await WarrenProgram.RunAsync(["-c", $"'{script}' publish a b --broker amqp://localhost/ <&-"], script: "/bin/bash");

        Directory.Delete(Path.GetDirectoryName(link)!, recursive: true);
        Assert.Equal(0, first.ExitCode);
        Assert.Contains("doctor", first.Output, StringComparison.Ordinal);
        Assert.True(first.Errors is "" or "warren: building (only after its sources have changed)\n", first.Errors);
        Assert.Equal((2, ""), (second.ExitCode, second.Output));
        Assert.StartsWith("warren: No broker is named.", second.Errors, StringComparison.Ordinal);
        Assert.Equal(2, closed.ExitCode);
        Assert.StartsWith("warren: Standard input is empty.", closed.Errors, StringComparison.Ordinal);
    }
}
