using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Warren.Messaging.Hosting;

namespace Warren.Messaging.Tests.Hosting;

/// <summary>The tables of docs/reference/configuration.md are written from the options: run with <c>WARREN_APPROVE=1</c> after a change.</summary>
public partial class ConfigurationReferenceTests
{
    private const string Begin = "<!-- messaging settings: written by ConfigurationReferenceTests -->";
    private const string End = "<!-- end of messaging settings -->";

    [Fact]
    public void The_reference_lists_every_setting_as_the_code_has_it()
    {
        var path = Path.Combine(RepositoryRoot(), "docs", "reference", "configuration.md");
        var page = File.ReadAllText(path);
        var begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = page.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= Begin.Length && end > begin, $"{path} has lost its markers; expected {Begin} before {End}.");

        var expected = page[..begin] + "\n" + Table() + page[end..];
        if (Environment.GetEnvironmentVariable("WARREN_APPROVE") == "1")
            File.WriteAllText(path, page = expected);

        Assert.Equal(expected, page);
    }

    private static string Table()
    {
        var summaries = XDocument.Load(Path.ChangeExtension(typeof(MessagingOptions).Assembly.Location, ".xml"))
            .Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary"));
        var defaults = new MessagingOptions();
        var table = new StringBuilder()
            .Append("| key | environment variable | seed names | type | default | meaning |\n")
            .Append("| --- | --- | --- | --- | --- | --- |\n");
        foreach (var setting in MessagingSetting.All)
        {
            Row(
                setting.Key,
                SeedNames.BySetting.GetValueOrDefault(setting.Key, ""),
                setting.Expected,
                setting.Get(defaults) is { } value ? $"`{MessagingSetting.Format(value)}`" : "–",
                setting.Property);
        }

        Row("Encryption:Keys:<id>", "", "32 bytes in Base64", "–", typeof(EncryptionOptions).GetProperty(nameof(EncryptionOptions.Keys))!);
        return table.ToString();

        void Row(string key, string seeds, string type, string standard, MemberInfo member) => table.Append(
            $"| `{key}` | `Warren__Messaging__{key.Replace(":", "__", StringComparison.Ordinal)}` | {seeds} | {type} | {standard} "
            + $"| {Meaning(summaries[$"P:{member.DeclaringType!.FullName}.{member.Name}"]!)} |\n");
    }

    private static string Meaning(XElement summary)
    {
        var text = string.Concat(summary.Nodes().Select(node => node switch
        {
            XText plain => plain.Value,
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement reference => $"`{reference.Attribute("cref")!.Value.Split('.')[^1]}`",
            _ => "",
        }));
        return DefaultSentence().Replace(WhiteSpace().Replace(text, " ").Trim(), "");
    }

    private static string RepositoryRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Warren.slnx")))
            directory = directory.Parent ?? throw new InvalidOperationException("Warren.slnx was not found above the tests.");
        return directory.FullName;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();

    // The column beside it says the same, unless the default is a rule.
    [GeneratedRegex(@" (The default is (none|\d[^,.;]*|true|false|direct reply-to)\.|There is no default\.)")]
    private static partial Regex DefaultSentence();
}
