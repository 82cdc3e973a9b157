using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Warren.TestKit;

namespace Warren.Cli.Tests;

public class DemoTests
{
    private static readonly Dictionary<string, string?> Adverse = new()
    {
        ["RABBITMQ_URL"] = "no url at all",
        ["Warren__Store__Url"] = "neither",
        ["Warren__Nonsense"] = "x",
        ["HOME"] = null,
        ["XDG_DATA_HOME"] = null,
    };

    // With what may stand in its way, all at once: taken ports, another demo, strange settings, no home, no input.
    [Fact]
    public async Task It_ends_well_whatever_else_runs_and_is_set_here()
    {
        using var amqp = Take(5672);
        using var http = Take(8080);

        var other = RunAsync(Adverse, "demo --quiet");
        var demo = await RunAsync(Adverse, "demo <&-");
        var quiet = await other;

        Assert.Equal((0, ""), (demo.ExitCode, demo.Errors));
        var lines = demo.Output.TrimEnd().Split('\n');
        Assert.Matches(@"^demo ok: ([67]) of \1 jobs succeeded in \d+\.\d s \(offline heuristic grades, not an examiner's\)$", lines[^1]);
        Assert.All(lines, line => Assert.All(line, letter => Assert.InRange(letter, ' ', '~')));
        Assert.Equal(["essay-a2", "essay-b2", "essay-c1"], Regex.Matches(demo.Output, @"(essay-\w+) +\[#+\] graded (\d\.\d)").OrderBy(graded => graded.Groups[2].Value, StringComparer.Ordinal).Select(graded => graded.Groups[1].Value));
        Assert.Equal(lines[^1].Contains("7 of 7", StringComparison.Ordinal), Regex.IsMatch(demo.Output, @"recording +\[#+\] graded \d\.\d"));
        Assert.Contains("submitted over HTTP", demo.Output, StringComparison.Ordinal);
        Assert.Contains("submitted over plain AMQP", demo.Output, StringComparison.Ordinal);
        Assert.Matches(@"by-a-program +\[#+\] lines 199, words \d+", demo.Output);
        Assert.Matches(@"^demo ok: ([67]) of \1 jobs succeeded in \d+\.\d s \(offline heuristic grades, not an examiner's\)\n$", quiet.Output);
        Assert.Equal((0, ""), (quiet.ExitCode, quiet.Errors));
    }

    [Fact]
    public async Task It_ends_well_on_a_bare_SDK()
    {
        using var machine = new BareMachine();

        var demo = await RunAsync(machine.Environment);

        Assert.True((demo.ExitCode, demo.Errors) is (0, ""), $"The demo ended with {demo.ExitCode}.\n{demo.Output}\n{demo.Errors}");
        Assert.Matches(@"\ndemo ok: 6 of 6 jobs succeeded in \d+\.\d s \(offline heuristic grades, not an examiner's\)\n$", demo.Output);
        Assert.Contains("Engines  writing: offline rules, without Harper -> ./warren engines install harper   speech: not installed -> ./warren engines install speech\n", demo.Output, StringComparison.Ordinal);
        Assert.Equal(["Graded by offline (heuristic): Warren rules, without Harper: essay-a2, essay-b2, essay-c1"], GradedBy(demo));
        Assert.DoesNotContain("recording", demo.Output, StringComparison.Ordinal);
        Assert.Empty(machine.Data.GetFileSystemInfos());
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task It_ends_well_with_all_engines_installed()
    {
        var environment = new Dictionary<string, string?> { ["Warren__Grading__EnginesDirectory"] = RepositoryFiles.PathOf("engines") };
        var list = await WarrenProgram.RunAsync(["engines", "list", "--json"], environment: environment);
        var missing = JsonDocument.Parse(list.Output).RootElement.EnumerateArray().Where(engine => !engine.GetProperty("installed").GetBoolean()).ToList();
        if (missing.Count > 0)
            Services.Missing($"{string.Join(' ', missing.Select(engine => $"{engine.GetProperty("advice")}."))} ./test installs both.");

        var demo = await RunAsync(environment);

        Assert.True((demo.ExitCode, demo.Errors) is (0, ""), $"The demo ended with {demo.ExitCode}.\n{demo.Output}\n{demo.Errors}");
        Assert.Matches(@"\ndemo ok: 7 of 7 jobs succeeded in \d+\.\d s \(offline heuristic grades, not an examiner's\)\n$", demo.Output);
        Assert.Contains("Engines  writing: offline rules + Harper   speech: installed\n", demo.Output, StringComparison.Ordinal);
        Assert.Collection(
            GradedBy(demo),
            line => Assert.Matches(@"^Graded by offline \(heuristic\): Warren rules \+ Harper \d+\.\d+\.\d+: essay-a2, essay-b2, essay-c1$", line),
            line => Assert.Equal("Graded by pocketsphinx (heuristic): recording", line));
        Assert.Matches(@"recording +\[#+\] graded [1-9]\.\d", demo.Output);
    }

    [Fact]
    public async Task An_interrupted_demo_says_so_and_leaves_nothing_behind()
    {
        var temporary = Directory.CreateTempSubdirectory("warren-cli-");
        await using var demo = WarrenProgram.Start(["demo"], new Dictionary<string, string?> { ["TMPDIR"] = temporary.FullName });
        await demo.Lines.FirstAsync();

        await demo.InterruptAsync();
        var exitCode = await demo.ExitAsync();

        // It may have been done already.
        Assert.True(exitCode == 0 || Regex.IsMatch(string.Join('\n', demo.Errors.Items), "The demo was interrupted."), $"{exitCode}: {string.Join('\n', demo.Errors.Items)}");
        Assert.Empty(temporary.GetDirectories("warren-demo-*"));
        temporary.Delete(recursive: true);
    }

    // Through a shell, which has the patience for a machine that is busy.
    private static Task<ProgramResult> RunAsync(Dictionary<string, string?> environment, string verb = "demo") =>
        WarrenProgram.RunAsync(["-c", $"exec dotnet '{WarrenProgram.Assembly}' {verb}"], environment: environment, script: "/bin/sh");

    private static List<string> GradedBy(ProgramResult demo) =>
        [.. demo.Output.Split('\n').Where(line => line.StartsWith("Graded by ", StringComparison.Ordinal))];

    // Somebody else's is as good.
    private static TcpListener? Take(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }
}
