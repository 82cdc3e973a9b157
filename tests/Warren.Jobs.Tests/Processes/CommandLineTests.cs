using System.Diagnostics;
using Warren.Jobs.Processes;

namespace Warren.Jobs.Tests.Processes;

public class CommandLineTests
{
    public static TheoryData<string, string[]> Commands => new()
    {
        { "", [] },
        { "  \t\n ", [] },
        { "python3 trainer.py", ["python3", "trainer.py"] },
        { " a  b\tc\n", ["a", "b", "c"] },
        { "a 'b c' \"d e\"", ["a", "b c", "d e"] },
        { "a'b'\"c\"d", ["abcd"] },
        { "a '' \"\"", ["a", "", ""] },
        { @"a\ b c\\d \'", ["a b", @"c\d", "'"] },
        { @"'a\b'", [@"a\b"] },
        { """ "a\"b\\c\$d\`e\f" """, [@"a""b\c$d`e\f"] },
        { "--lr=1e-3 $HOME *.py", ["--lr=1e-3", "$HOME", "*.py"] },
        { "größe 'ü 語'", ["größe", "ü 語"] },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_command_is_split_as_a_shell_does_and_joined_again(string text, string[] words)
    {
        Assert.Equal(words, CommandLine.Split(text));
        Assert.Equal(words, CommandLine.Split(CommandLine.Join(words)));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_real_shell_splits_it_alike(string text, string[] words)
    {
        // Expansion is what is left out on purpose.
        if (text.Contains('*', StringComparison.Ordinal))
            return;
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", $"printf '[%s]' x {text.Trim()}"]) { RedirectStandardOutput = true })!;

        Assert.Equal($"[x]{string.Concat(words.Select(word => $"[{word}]"))}", await shell.StandardOutput.ReadToEndAsync());
    }

    [Theory]
    [InlineData("a 'b", "The ' at character 3 of the command is not closed.")]
    [InlineData("a \"b\\\"", "The \" at character 3 of the command is not closed.")]
    [InlineData("a \\", "ends with a backslash")]
    public void What_is_not_closed_is_told(string text, string words) =>
        Assert.Contains(words, Assert.Throws<FormatException>(() => CommandLine.Split(text)).Message, StringComparison.Ordinal);
}
