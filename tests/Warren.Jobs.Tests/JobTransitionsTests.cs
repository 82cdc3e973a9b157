using System.Text.RegularExpressions;
using Warren.TestKit;

namespace Warren.Jobs.Tests;

/// <summary>The state machine in the code is the one that docs/concepts/jobs.md draws.</summary>
public partial class JobTransitionsTests
{
    private static readonly string[] States = [.. Enum.GetNames<JobState>().Select(name => name.ToLowerInvariant())];

    public static TheoryData<JobState, JobState> Pairs
    {
        get
        {
            var pairs = new TheoryData<JobState, JobState>();
            foreach (var from in Enum.GetValues<JobState>())
            {
                foreach (var to in Enum.GetValues<JobState>())
                    pairs.Add(from, to);
            }
            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void An_arrow_is_on_the_page_if_and_only_if_it_is_in_the_code(JobState from, JobState to)
    {
        var drawn = Drawn().Concat(Told()).ToHashSet();

        Assert.Equal(JobTransitions.CanMove(from, to), drawn.Contains((from, to)));
    }

    [Fact]
    public void No_arrow_of_the_drawing_is_told_again() => Assert.Empty(Drawn().Intersect(Told()));

    [Fact]
    public void An_end_is_left_by_hand_only()
    {
        foreach (var end in Enum.GetValues<JobState>().Where(state => state.IsEnd()))
            Assert.All(Enum.GetValues<JobState>().Where(to => JobTransitions.CanMove(end, to)), to => Assert.Equal(JobState.Queued, to));
    }

    // In a line: from, from ─► to | to ─► …; between lines: up at a ▲, and down from the word above a │ to the word before its ◄.
    private static IEnumerable<(JobState From, JobState To)> Drawn()
    {
        var lines = RepositoryFiles.Read("docs/concepts/jobs.md").Split("```text\n")[1].Split("```")[0].TrimEnd('\n').Split('\n');
        foreach (var line in lines)
        {
            foreach (var chain in Chains().Split(line))
            {
                var links = chain.Split("─►");
                foreach (var (before, after) in links.Zip(links.Skip(1)))
                {
                    foreach (var from in Words(before))
                    {
                        foreach (var to in Words(after))
                            yield return (from, to);
                    }
                }
            }
        }
        for (var i = 2; i < lines.Length; i++)
        {
            foreach (Match way in Back().Matches(lines[i]))
            {
                Assert.Equal('▲', lines[i - 1][way.Index]);
                Assert.Equal('│', lines[i - 1][way.Index + way.Length - 1]);
                var between = Assert.Single(Words(way.Value));
                yield return (between, WordAt(lines[i - 2], way.Index));
                yield return (WordAt(lines[i - 2], way.Index + way.Length - 1), between);
            }
        }
    }

    private static IEnumerable<(JobState From, JobState To)> Told() =>
        from Match row in Rows().Matches(RepositoryFiles.Read("docs/concepts/jobs.md"))
        from @from in Words(row.Groups[1].Value)
        from to in Words(row.Groups[2].Value)
        select (@from, to);

    private static IEnumerable<JobState> Words(string text) =>
        Word().Matches(text).Where(word => States.Contains(word.Value)).Select(word => Enum.Parse<JobState>(word.Value, ignoreCase: true));

    private static JobState WordAt(string line, int column) => Enum.Parse<JobState>(
        Word().Matches(line).Single(word => word.Index <= column && column < word.Index + word.Length).Value, ignoreCase: true);

    [GeneratedRegex("[a-z]+")]
    private static partial Regex Word();

    // Two drawings beside each other have a gap between them.
    [GeneratedRegex(" {4,}")]
    private static partial Regex Chains();

    [GeneratedRegex("└ [a-z]+ ◄")]
    private static partial Regex Back();

    [GeneratedRegex(@"^\| (`[a-z`, ]+) \| (`[a-z`, ]+) \|", RegexOptions.Multiline)]
    private static partial Regex Rows();
}
