using System.Text.RegularExpressions;
using System.Xml.Linq;
using Warren.TestKit;

namespace Warren.Conventions.Tests;

/// <summary>The files of this repository, as they are in the working tree.</summary>
internal static partial class Repository
{
    // Made by builds and package managers; none of it is ours.
    private static readonly string[] Foreign = [".git", "artifacts", "bin", "obj", "node_modules", "dist", "__pycache__", ".vs", ".idea", ".vscode"];

    /// <summary>The directory that holds Warren.slnx.</summary>
    public static string Root { get; } = RepositoryFiles.Root;

    /// <summary>Paths relative to the root, with forward slashes, in order.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Walk(new DirectoryInfo(Root)).Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    /// <summary>The projects below a folder, by name.</summary>
    public static IEnumerable<(string Name, string Path)> Projects(string folder) => Files
        .Where(file => file.StartsWith(folder + "/", StringComparison.Ordinal) && file.EndsWith(".csproj", StringComparison.Ordinal))
        .Select(file => (Path.GetFileNameWithoutExtension(file), file));

    /// <summary>The names of the projects that become packages.</summary>
    public static IEnumerable<string> Packages =>
        Projects("src").Where(project => Xml(project.Path).Descendants("IsPackable").Any(value => value.Value == "true")).Select(project => project.Name);

    public static string Read(string file) => RepositoryFiles.Read(file);

    public static XDocument Xml(string file) => XDocument.Load(Path.Combine(Root, file));

    /// <summary>The line a character is on, from 1.</summary>
    public static int Line(string text, int index) => text.AsSpan(0, index).Count('\n') + 1;

    /// <summary>C# without comments and strings, each replaced by blanks, so that positions stay.</summary>
    public static string Code(string file) =>
        CommentsAndStrings().Replace(Read(file), match => NotLineEnd().Replace(match.Value, " "));

    private static IEnumerable<string> Walk(DirectoryInfo directory)
    {
        foreach (var file in directory.EnumerateFiles())
            yield return file.FullName;
        foreach (var child in directory.EnumerateDirectories().Where(child => !Foreign.Contains(child.Name)))
        {
            foreach (var file in Walk(child))
                yield return file;
        }
    }

    [GeneratedRegex("""("{3,})[\s\S]*?\1|@"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*[\s\S]*?\*/""")]
    private static partial Regex CommentsAndStrings();

    [GeneratedRegex("[^\n]")]
    private static partial Regex NotLineEnd();
}
