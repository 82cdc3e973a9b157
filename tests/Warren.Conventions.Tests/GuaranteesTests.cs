using System.Text.RegularExpressions;

namespace Warren.Conventions.Tests;

/// <summary>docs/guarantees.md promises nothing that no test would miss.</summary>
public partial class GuaranteesTests
{
    private sealed record Promise(int Line, string Text, string Tests);

    private sealed record TestMethod(string File, string Attribute);

    private static readonly List<Promise> Promises = [.. ReadPromises()];

    private static readonly ILookup<string, TestMethod> Tests = Repository.Files
        .Where(file => file.StartsWith("tests/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))
        .SelectMany(FindTests)
        .ToLookup(test => test.Id, test => test.Method);

    [Fact]
    public void There_are_promises() => Assert.True(Promises.Count > 20, $"docs/guarantees.md has {Promises.Count} rows of the form | promise | `Class.Test` |.");

    [Fact]
    public void Every_promise_names_a_test() => Nothing.In(
        from promise in Promises
        where !Ids(promise).Any()
        select $"docs/guarantees.md:{promise.Line} names no test for: {promise.Text}");

    [Fact]
    public void Every_test_that_is_named_exists_once_and_is_not_skipped() => Nothing.In(
        from promise in Promises
        from id in Ids(promise)
        let found = Tests[id].ToList()
        let problem = found switch
        {
            [] => "does not exist",
            [var only] when Skip().IsMatch(only.Attribute) => $"is skipped in {only.File}",
            [_] => null,
            _ => $"is ambiguous: {string.Join(", ", found.Select(test => test.File))}",
        }
        where problem is not null
        select $"docs/guarantees.md:{promise.Line} names {id}, which {problem}.");

    [Fact]
    public void No_promise_is_made_twice() => Nothing.In(
        from promise in Promises
        group promise by promise.Text into same
        where same.Count() > 1
        select $"docs/guarantees.md:{string.Join(", ", same.Select(promise => promise.Line))} promise the same: {same.Key}");

    private static IEnumerable<string> Ids(Promise promise) => TestId().Matches(promise.Tests).Select(match => match.Groups[1].Value);

    private static IEnumerable<Promise> ReadPromises()
    {
        var lines = Repository.Read("docs/guarantees.md").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith('|') || lines[i].StartsWith("| ---", StringComparison.Ordinal) || (i + 1 < lines.Length && lines[i + 1].StartsWith("| ---", StringComparison.Ordinal)))
                continue;
            var cells = lines[i].Trim().Trim('|').Split('|');
            yield return new Promise(i + 1, cells[0].Trim(), cells[^1]);
        }
    }

    // A test belongs to the class declared last before it that is not nested in a test's class for its own use.
    private static IEnumerable<(string Id, TestMethod Method)> FindTests(string file)
    {
        var code = Repository.Code(file);
        var classes = TestClasses().Matches(code);
        foreach (Match test in TestMethods().Matches(code))
        {
            if (classes.LastOrDefault(candidate => candidate.Index < test.Index) is { } owner)
                yield return ($"{owner.Groups[1].Value}.{test.Groups[2].Value}", new TestMethod(file, test.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"`(\w+\.\w+)`")]
    private static partial Regex TestId();

    [GeneratedRegex(@"^public (?:(?:sealed|abstract|partial) )*class (\w+)", RegexOptions.Multiline)]
    private static partial Regex TestClasses();

    [GeneratedRegex(@"\[((?:\w*Fact|\w*Theory)\b[^\]]*)\](?:\s*\[[^\n]*\])*\s*public (?:(?:async|static|override|virtual) )*[\w<>]+ (\w+)\(")]
    private static partial Regex TestMethods();

    [GeneratedRegex(@"\bSkip\w*\s*=")]
    private static partial Regex Skip();
}
