using System.Text.RegularExpressions;
using Warren.TestKit;

namespace Warren.Samples.Tests.Grading;

/// <summary>The guides for backends show the programs that the tests run.</summary>
public partial class GuideTests
{
    [Theory]
    [InlineData("docs/start/nestjs.md", "ts", 5)]
    [InlineData("docs/start/python.md", "python", 3)]
    public void Every_block_of_code_is_a_part_of_a_program(string guide, string language, int atLeast)
    {
        var programs = Directory.EnumerateFiles(RepositoryFiles.PathOf("samples/GradingBackend/src"), "*.ts", SearchOption.AllDirectories)
            .Append(RepositoryFiles.PathOf("tests/interop/python/grading_backend.py")).Select(File.ReadAllLines).ToList();

        var blocks = Fences().Matches(RepositoryFiles.Read(guide)).Where(fence => fence.Groups[1].Value == language).Select(fence => fence.Groups[2].Value).ToList();

        Assert.True(blocks.Count >= atLeast, $"{guide} has {blocks.Count} blocks of {language}; at least {atLeast} were expected.");
        Assert.All(blocks, block => Assert.True(programs.Any(program => Has(program, block)), $"{guide} shows what is in no program:\n{block}"));
    }

    // Its lines follow each other somewhere, moved to the left margin.
    private static bool Has(string[] program, string block)
    {
        var count = block.Count(letter => letter == '\n');
        return Enumerable.Range(0, Math.Max(0, program.Length - count + 1)).Any(start =>
        {
            var lines = program[start..(start + count)];
            var margin = lines.Where(line => line.Length > 0).Select(line => line.Length - line.TrimStart().Length).DefaultIfEmpty().Min();
            return block == string.Concat(lines.Select(line => $"{(line.Length > 0 ? line[margin..] : "")}\n"));
        });
    }

    [GeneratedRegex(@"^```(\w*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fences();
}
