using System.Text.RegularExpressions;

namespace Warren.Conventions.Tests;

/// <summary>Documents point to what exists.</summary>
public partial class DocsTests
{
    private static readonly string[] Text = [".cs", ".csproj", ".props", ".targets", ".slnx", ".md", ".txt", ".json", ".yml", ".yaml", ".py", ".js", ".mjs", ".ts", ".sh", ".editorconfig", ".conf", ".config", ""];

    private static IEnumerable<string> Documents => Repository.Files.Where(file => file.EndsWith(".md", StringComparison.Ordinal));

    private static IEnumerable<string> Decisions => Documents.Where(file => file.StartsWith("docs/adr/", StringComparison.Ordinal));

    [Fact]
    public void Links_resolve() => Nothing.In(
        from document in Documents
        let text = WithoutCode(Repository.Read(document))
        from Match link in Links().Matches(text)
        let target = link.Groups[1].Success ? link.Groups[1].Value : link.Groups[2].Value
        where !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal)
        let problem = Problem(document, Uri.UnescapeDataString(target))
        where problem is not null
        select $"{document}:{Repository.Line(text, link.Index)} links to {target}, {problem}.");

    [Fact]
    public void Documents_that_code_speaks_of_exist() => Nothing.In(
        from file in Repository.Files
        where !file.EndsWith(".md", StringComparison.Ordinal) && Text.Contains(Path.GetExtension(file))
        let text = Repository.Read(file)
        from Match match in DocumentNames().Matches(text)
        where !File.Exists(Path.Combine(Repository.Root, match.Value))
        select $"{file}:{Repository.Line(text, match.Index)} speaks of {match.Value}, which does not exist.");

    // What moves or is renamed in the code has to be told again.
    [Fact]
    public void Code_that_documents_speak_of_exists()
    {
        var sources = Repository.Files.Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))
            .Select(Repository.Read).ToList();
        var words = sources.SelectMany(text => Words().Matches(text).Select(match => match.Value)).ToHashSet();

        Nothing.In(
            from document in Documents
            where document == "docs/architecture.md" || document.StartsWith("docs/concepts/", StringComparison.Ordinal)
            let text = WithoutFences(Repository.Read(document))
            from Match name in CodeNames().Matches(text)
            let parts = name.Groups[1].Value.Split('.')
            where !(parts.Length == 1 ? words.Contains(parts[0]) || parts[0].EndsWith("Tests", StringComparison.Ordinal) : Has(parts[^2], parts[^1]))
                && !Repository.Projects("src").Any(project => project.Name == name.Groups[1].Value)
            select $"{document}:{Repository.Line(text, name.Index)} speaks of {name.Groups[1].Value}, which is not in the code.");

        bool Has(string type, string member)
        {
            var declaring = sources.Where(text => Regex.IsMatch(text, $@"\b(?:class|record|struct|interface|enum) {type}(?:Options)?\b")).ToList();
            return words.Contains(type) && words.Contains(member)
                && (declaring.Count == 0 || declaring.Any(text => Regex.IsMatch(text, $@"\b{member}\b")));
        }
    }

    [Fact]
    public void Decisions_have_numbers_of_their_own() => Nothing.In(
        from decision in Decisions
        group decision by Path.GetFileName(decision)[..4] into same
        where same.Count() > 1
        select $"{string.Join(" and ", same)} have the same number.");

    [Fact]
    public void Decisions_have_one_form()
    {
        Assert.NotEmpty(Decisions);
        Nothing.In(
            from decision in Decisions
            let name = DecisionName().Match(Path.GetFileName(decision))
            let lines = Repository.Read(decision).Split('\n')
            let sections = lines.Where(line => line.StartsWith("## ", StringComparison.Ordinal)).Select(line => line[3..]).ToList()
            from problem in (string?[])
            [
                name.Success ? null : "is not named NNNN-title.md",
                !name.Success || lines[0].StartsWith($"# {int.Parse(name.Groups[1].ValueSpan, null)}. ", StringComparison.Ordinal) ? null : $"begins with \"{lines[0]}\"; expected its number and title",
                sections is ["Context", "Decision", "Consequences"] ? null : $"has the sections {string.Join(", ", sections)}; expected Context, Decision, Consequences",
            ]
            where problem is not null
            select $"{decision} {problem}.");
    }

    [Fact]
    public void Pages_on_concepts_are_short() => Nothing.In(
        from document in Documents
        where document.StartsWith("docs/concepts/", StringComparison.Ordinal)
        let lines = Repository.Read(document).AsSpan().Count('\n')
        where lines > 120
        select $"{document} has {lines} lines, more than 120.");

    [Fact]
    public void No_file_mentions_the_machine_it_was_written_on() => Nothing.In(
        from file in Repository.Files
        where Text.Contains(Path.GetExtension(file))
        let text = Repository.Read(file)
        from Match match in MachinePaths().Matches(text)
        select $"{file}:{Repository.Line(text, match.Index)} mentions {match.Value}.");

    private static string? Problem(string document, string target)
    {
        var parts = target.Split('#', 2);
        var path = parts[0].Length == 0
            ? document
            : Path.GetRelativePath(Repository.Root, Path.Combine(Repository.Root, Path.GetDirectoryName(document)!, parts[0])).Replace('\\', '/');
        var full = Path.Combine(Repository.Root, path);
        if (path.StartsWith("..", StringComparison.Ordinal))
            return "which is outside of the repository";
        if (!File.Exists(full) && !Directory.Exists(full))
            return "which does not exist";
        return parts.Length == 1 || !path.EndsWith(".md", StringComparison.Ordinal) || Anchors(path).Contains(parts[1]) ? null : "which has no such heading";
    }

    // As GitHub makes them: lower case, without punctuation, blanks as hyphens; the second of a name gets -1.
    private static HashSet<string> Anchors(string document)
    {
        var anchors = new HashSet<string>();
        foreach (Match heading in Headings().Matches(WithoutFences(Repository.Read(document))))
        {
            var slug = NotOfAnAnchor().Replace(heading.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-');
            for (var i = 0; !anchors.Add(i == 0 ? slug : $"{slug}-{i}"); i++)
            {
            }
        }
        return anchors;
    }

    private static string WithoutFences(string text) => Fences().Replace(text, match => NotLineEnd().Replace(match.Value, " "));

    private static string WithoutCode(string text) => CodeSpans().Replace(WithoutFences(text), match => NotLineEnd().Replace(match.Value, " "));

    [GeneratedRegex(@"\]\(\s*<?([^)\s>]+)>?(?:\s+""[^""]*"")?\s*\)|^\[[^\]]+\]:\s*(\S+)", RegexOptions.Multiline)]
    private static partial Regex Links();

    [GeneratedRegex(@"(?<![\w/])docs/[\w./-]+\.md\b")]
    private static partial Regex DocumentNames();

    [GeneratedRegex(@"^(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md$")]
    private static partial Regex DecisionName();

    // Written so that this line is not one of them.
    [GeneratedRegex(@"(?<![\w.~$}/])/(?:wor[k]|hom[e]|roo[t]|User[s])/\w+|\b[A-Z]:\\User[s]\\")]
    private static partial Regex MachinePaths();

    [GeneratedRegex(@"^#{1,6}[ \t]+(.+?)[ \t]*#*$", RegexOptions.Multiline)]
    private static partial Regex Headings();

    [GeneratedRegex(@"[^\p{L}\p{N}\p{M} _-]")]
    private static partial Regex NotOfAnAnchor();

    [GeneratedRegex(@"^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1", RegexOptions.Multiline)]
    private static partial Regex Fences();

    [GeneratedRegex(@"`([A-Z]\w+(?:\.[A-Z]\w+)*)(?:\([^`]*\))?`")]
    private static partial Regex CodeNames();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Words();

    [GeneratedRegex(@"(`+)[^`\n]+\1")]
    private static partial Regex CodeSpans();

    [GeneratedRegex("[^\n]")]
    private static partial Regex NotLineEnd();
}
