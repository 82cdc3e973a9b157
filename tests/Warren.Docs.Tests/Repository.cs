using System.Text.RegularExpressions;
using Warren.TestKit;

namespace Warren.Docs.Tests;

/// <summary>The documents with code for readers to copy, and the compiled code they have to equal.</summary>
internal static partial class Repository
{
    /// <summary>Every document of which the C# is compiled and run.</summary>
    public static IReadOnlyList<string> Documents { get; } =
    [
        "README.md", "src/Warren.Messaging/README.md", "src/Warren.Broker/README.md", "src/Warren.Jobs/README.md", "src/Warren.Coordinator/README.md",
        "src/Warren.Server/README.md", "docs/start/dotnet.md",
    ];

    /// <summary>The contents of the fenced blocks of a language, in order.</summary>
    public static IEnumerable<string> Fences(string document, string language) =>
        FencedBlock().Matches(RepositoryFiles.Read(document)).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value);

    /// <summary>
    /// The snippets by name: what stands between <c>// &lt;snippet:name&gt;</c> and <c>// &lt;/snippet&gt;</c> in a file of the folder
    /// Snippets, moved to the left margin. Parts of the same name follow each other, as far as a test has to do something between them.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Snippets { get; } =
        Directory.EnumerateFiles(RepositoryFiles.PathOf("tests/Warren.Docs.Tests/Snippets"), "*.cs")
            .Order(StringComparer.Ordinal)
            .SelectMany(path => SnippetPart().Matches(File.ReadAllText(path)))
            .GroupBy(part => part.Groups[1].Value, part => AtTheMargin(part.Groups[2].Value), StringComparer.Ordinal)
            .ToDictionary(parts => parts.Key, string.Concat, StringComparer.Ordinal);

    private static string AtTheMargin(string code)
    {
        var lines = code.Split('\n');
        var margin = lines.Where(line => line.Trim().Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length >= margin ? line[margin..] : line.TrimStart()));
    }

    [GeneratedRegex(@"^```(\w*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FencedBlock();

    [GeneratedRegex(@"^ *// <snippet:([a-z-]+)>\n(.*?)^ *// </snippet>$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex SnippetPart();
}
