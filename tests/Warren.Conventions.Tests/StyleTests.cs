using System.Text.RegularExpressions;

namespace Warren.Conventions.Tests;

/// <summary>What no analyzer watches: size, reasons, leftovers, names.</summary>
public class StyleTests
{
    private const int LongestFile = 400;

    // A longer file, and why it is one. There is none.
    private static readonly Dictionary<string, string> LongFiles = [];

    private static IEnumerable<string> Sources => Repository.Files.Where(file => file.EndsWith(".cs", StringComparison.Ordinal));

    private static IEnumerable<string> Shipped => Sources.Where(file => file.StartsWith("src/", StringComparison.Ordinal));

    [Fact]
    public void Files_are_short() => Nothing.In(
        from file in Shipped
        let lines = Repository.Read(file).AsSpan().Count('\n')
        where lines > LongestFile && !LongFiles.ContainsKey(file)
        select $"{file} has {lines} lines, more than {LongestFile}: look for a second concept in it.");

    [Fact]
    public void Exceptions_for_long_files_are_still_needed() => Nothing.In(
        from file in LongFiles.Keys
        where !File.Exists(Path.Combine(Repository.Root, file)) || Repository.Read(file).AsSpan().Count('\n') <= LongestFile
        select $"{file} is not longer than {LongestFile} lines any more; take it off the list.");

    [Fact]
    public void A_warning_is_switched_off_only_with_a_reason() => Nothing.In(
        from file in Sources
        let text = Repository.Read(file)
        from Match match in Regex.Matches(text, @"^(?<above>[^\n]*)\n[ \t]*#pragma warning disable(?<codes>[^\n]*)", RegexOptions.Multiline)
        where !match.Groups["codes"].Value.Contains("//", StringComparison.Ordinal) && !match.Groups["above"].Value.TrimStart().StartsWith("//", StringComparison.Ordinal)
        select $"{file}:{Repository.Line(text, match.Index) + 1} switches off{match.Groups["codes"].Value} and does not say why.");

    [Fact]
    public void No_file_hides_code_in_a_region() => Nothing.In(
        from file in Sources
        let text = Repository.Read(file)
        from Match match in Regex.Matches(text, @"^[ \t]*#region\b", RegexOptions.Multiline)
        select $"{file}:{Repository.Line(text, match.Index)} has a region.");

    [Fact]
    public void Nothing_shipped_is_unfinished() => Nothing.In(
        from file in Shipped
        let text = Repository.Read(file)
        from Match match in Regex.Matches(text, @"\b(TODO|FIXME|HACK|XXX|NotImplementedException)\b")
        select $"{file}:{Repository.Line(text, match.Index)} says {match.Value}.");

    [Fact]
    public void A_namespace_is_its_folder() => Nothing.In(
        from file in Shipped
        let declared = Regex.Match(Repository.Code(file), @"^namespace ([\w.]+);", RegexOptions.Multiline).Groups[1].Value
        let folder = Path.GetDirectoryName(file)!.Replace('\\', '/')["src/".Length..].Replace('/', '.')
        // Extensions of a framework's builders are found where the framework's own are.
        where declared.Length > 0 && declared != folder && !declared.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal) && declared != "Microsoft.AspNetCore.Builder"
        select $"{file} declares namespace {declared}; expected {folder}.");

    [Fact]
    public void No_type_has_a_name_that_says_nothing() => Nothing.In(
        from file in Sources
        let code = Repository.Code(file)
        from Match match in Regex.Matches(code, @"\b(?:class|struct|interface|record|enum) +(\w*(?:Manager|Helpers?|Utils?|Utilities|Impl))\b")
        select $"{file}:{Repository.Line(code, match.Index)} has a type {match.Groups[1].Value}: say what it is.");

    [Fact]
    public void Public_members_must_have_documentation_in_every_shipped_project() => Nothing.In(
        from project in Repository.Projects("src")
        where Regex.IsMatch(Repository.Read(project.Path), @"CS1591|GenerateDocumentationFile>\s*false|TreatWarningsAsErrors>\s*false|<Nullable>\s*disable")
        select $"{project.Path} switches off what all shipped projects have.");
}
