using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Warren.Messaging.Hosting;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Hosting;

/// <summary>The tables of docs/reference/configuration.md are written from the options: run with <c>WARREN_APPROVE=1</c> after a change.</summary>
public partial class ConfigurationReferenceTests
{
    [Fact]
    public void The_reference_lists_every_setting_as_the_code_has_it() => GeneratedSection.Compare(
        "docs/reference/configuration.md", "messaging settings", nameof(ConfigurationReferenceTests), Table());

    private static string Table()
    {
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

        void Row(string key, string seeds, string type, string standard, PropertyInfo property) => table.Append(
            $"| `{key}` | `Warren__Messaging__{key.Replace(":", "__", StringComparison.Ordinal)}` | {seeds} | {type} | {standard} "
            + $"| {DefaultSentence().Replace(DocSummary.Of(property), "")} |\n");
    }

    // The column beside it says the same, unless the default is a rule.
    [GeneratedRegex(@" (The default is (none|\d[^,.;]*|true|false|direct reply-to)\.|There is no default\.)")]
    private static partial Regex DefaultSentence();
}
