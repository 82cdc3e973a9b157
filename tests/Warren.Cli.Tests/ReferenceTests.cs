using System.CommandLine;
using System.Text;
using Warren.TestKit;

namespace Warren.Cli.Tests;

/// <summary>docs/reference/cli.md is written from the verbs; WARREN_APPROVE=1 writes it anew.</summary>
public class ReferenceTests
{
    private const string Intro = """
        # The command line

        Written from the verbs themselves by a test (`WARREN_APPROVE=1`); `warren VERB --help` says the same.

        Results go to standard output, everything else to standard error; `--json` prints JSON, and a watched job JSON lines. In a pipe, and with
        `NO_COLOR`, there are no colours and no bars. Ctrl-C ends a verb with 130; `serve`, `worker` and `broker` stop in order and end with 0.

        | exit code | meaning |
        | --- | --- |
        | 0 | it did what was asked |
        | 1 | the job failed or was canceled, or a check failed |
        | 2 | the arguments or settings are wrong |
        | 3 | it cannot start, or cannot reach a server or broker |
        | 4 | a server or broker refused |

        """;

    [Fact]
    public async Task The_reference_says_what_the_verbs_say()
    {
        var file = RepositoryFiles.PathOf("docs/reference/cli.md");
        var text = new StringBuilder(Intro);
        foreach (var verb in CommandLine.Create().Subcommands)
            Describe(verb, "warren", text);
        var expected = text.ToString().ReplaceLineEndings("\n");
        if (Environment.GetEnvironmentVariable("WARREN_APPROVE") == "1")
            await File.WriteAllTextAsync(file, expected);

        Assert.True(File.Exists(file) && await File.ReadAllTextAsync(file) == expected, $"{file} is not what the verbs say. Look at the difference that WARREN_APPROVE=1 makes, and commit it.");
    }

    [Fact]
    public void Every_verb_that_prints_a_result_can_be_quiet_and_every_one_that_asks_a_server_takes_its_address_and_a_key()
    {
        foreach (var verb in CommandLine.Create().Subcommands.SelectMany(verb => verb.Subcommands.DefaultIfEmpty(verb)))
        {
            var options = verb.Options.Select(option => option.Name).ToList();
            if (options.Contains("--server"))
                Assert.All(["--key", "--json", "--quiet"], name => Assert.Contains(name, options));
            if (options.Contains("--yes"))
                Assert.True(options.Contains("--dry-run") || verb.Name == "revoke", verb.Name);
        }
    }

    private static void Describe(Command verb, string above, StringBuilder text)
    {
        var path = $"{above} {verb.Name}";
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n{(above == "warren" ? "##" : "###")} {path}\n\n{verb.Description}\n");
        if (verb.Subcommands.Count == 0)
        {
            var arguments = string.Concat(verb.Arguments.Select(argument => argument.Arity.MinimumNumberOfValues == 0 ? $" [{argument.Name}]" : $" {argument.Name}"));
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n    {path}{arguments}{(verb.Options.Count > 0 ? " [options]" : "")}\n");
            var rows = verb.Arguments.Select(argument => (Name: argument.Name, argument.Description))
                .Concat(verb.Options.Select(option => (Name: option.HelpName is null ? option.Name : $"{option.Name} {option.HelpName}", option.Description))).ToList();
            if (rows.Count > 0)
                text.Append("\n| | |\n| --- | --- |\n");
            foreach (var (name, description) in rows)
                text.Append(System.Globalization.CultureInfo.InvariantCulture, $"| `{name}` | {description!.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
        }
        foreach (var below in verb.Subcommands)
            Describe(below, path, text);
    }
}
