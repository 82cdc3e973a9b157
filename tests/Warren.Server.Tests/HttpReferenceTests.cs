using System.Text;
using System.Text.RegularExpressions;
using Warren.Server.Api;
using Warren.Server.Security;
using Warren.TestKit;

namespace Warren.Server.Tests;

/// <summary>The tables of docs/reference/http.md and errors.md are written from the routes and codes: run with <c>WARREN_APPROVE=1</c> after a change.</summary>
public partial class HttpReferenceTests
{
    [Fact]
    public void The_reference_lists_every_route() =>
        GeneratedSection.Compare("docs/reference/http.md", "routes", nameof(HttpReferenceTests), Routes());

    [Fact]
    public void The_reference_lists_every_refusal() =>
        GeneratedSection.Compare("docs/reference/errors.md", "refusals", nameof(HttpReferenceTests), Refusals());

    [Fact]
    public void Every_code_that_the_source_refuses_with_has_a_status()
    {
        var codes = Directory.EnumerateFiles(RepositoryFiles.PathOf("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && Regex.IsMatch(file, "Warren[.](Coordinator|Jobs|Server)/"))
            .SelectMany(file => Refused().Matches(File.ReadAllText(file)).Select(match => (File: Path.GetFileName(file), Code: match.Groups[1].Value)))
            .ToList();

        Assert.True(codes.Select(code => code.Code).Distinct().Count() > 20, "The codes in the source were not found.");
        Assert.All(codes, code => Assert.True(Problems.All.ContainsKey(code.Code), $"{code.File} refuses with {code.Code}, which has no status."));
    }

    private static string Routes()
    {
        var table = new StringBuilder("| route | role | what |\n| --- | --- | --- |\n");
        foreach (var route in ApiRoutes.All)
        {
            var query = route.Query.Count == 0 ? "" : $"?{string.Join('&', route.Query)}";
            table.Append($"| `{route.Method} {route.Pattern}{query}` | {(route.Role is { } role ? Roles.Name(role) : "–")} | {route.Summary} |\n");
        }
        return table.ToString();
    }

    private static string Refusals()
    {
        var table = new StringBuilder("| code | status | title |\n| --- | --- | --- |\n");
        foreach (var (code, (status, title)) in Problems.All.OrderBy(pair => pair.Value.Status).ThenBy(pair => pair.Key, StringComparer.Ordinal))
            table.Append($"| `{code}` | {status} | {title} |\n");
        return table.ToString();
    }

    // A code is the first argument of a refusal, or one of two there.
    [GeneratedRegex(@"(?:JobRefusedException|ProblemException|Problem|RefusalMessage)\(\s*(?:new\(\s*)?(?:[^"";(){}]*[?:]\s*)?""([a-z]+(?:_[a-z0-9]+)+)""")]
    private static partial Regex Refused();
}
