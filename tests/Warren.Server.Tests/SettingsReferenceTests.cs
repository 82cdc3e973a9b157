using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Warren.AI.Chat;
using Warren.AI.Grading;
using Warren.Coordinator;
using Warren.Jobs;
using Warren.Jobs.Hosting;
using Warren.TestKit;

namespace Warren.Server.Tests;

/// <summary>The tables of docs/reference/configuration.md on jobs are written from the options: run with <c>WARREN_APPROVE=1</c> after a change.</summary>
public partial class SettingsReferenceTests
{
    private static readonly Dictionary<string, (string Section, object Defaults)> Tables = new()
    {
        ["worker"] = ("Warren:Worker", new WorkerOptions()),
        ["kind"] = ("Warren:Kinds:<kind>", new JobKindOptions()),
        ["coordinator"] = ("Warren:Coordinator", new CoordinatorOptions()),
        ["server"] = ("Warren:Server", new ServerOptions()),
        ["grading"] = (GradingOptions.Section, new GradingOptions()),
        ["chat"] = (ChatOptions.Section, new ChatOptions()),
    };

    public static TheoryData<string> Names => [.. Tables.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_reference_lists_every_setting_as_the_code_has_it(string name)
    {
        var (section, defaults) = Tables[name];
        GeneratedSection.Compare("docs/reference/configuration.md", $"{name} settings", nameof(SettingsReferenceTests), Table(section, defaults));
    }

    private static string Table(string section, object defaults)
    {
        var table = new StringBuilder().Append("| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
        foreach (var row in Rows("", defaults))
            table.Append(CultureInfo.InvariantCulture, $"| `{section}:{row.Key}` | {row.Type} | {row.Default} | {row.Meaning} |\n");
        return table.ToString();
    }

    private static IEnumerable<(string Key, string Type, string Default, string Meaning)> Rows(string prefix, object defaults)
    {
        foreach (var property in defaults.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var (key, type) = (prefix + property.Name, Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType);
            if (property.Name == "EqualityContract" || (!property.CanWrite && !IsCollection(type)))
                continue;
            if (type == typeof(JobRetryPolicy))
            {
                foreach (var row in Rows(key + ":", property.GetValue(defaults)!))
                    yield return row;
            }
            else if (type == typeof(IDictionary<string, JobLaneOptions>))
            {
                yield return (key, "names, separated by commas", "–", Meaning(property));
                foreach (var row in Rows($"{key}:<lane>:", new JobLaneOptions()))
                    yield return row;
            }
            else if (type == typeof(IDictionary<string, int>))
            {
                yield return ($"{key}:<name>", "a whole number", "–", Meaning(property));
            }
            else
            {
                yield return (key, Expected(property, type), Default(property.GetValue(defaults)), Meaning(property));
            }
        }
    }

    private static bool IsCollection(Type type) => type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(IDictionary<,>) || type.GetGenericTypeDefinition() == typeof(IList<>));

    private static string Expected(PropertyInfo property, Type type)
    {
        var kind = type switch
        {
            _ when type == typeof(bool) => "true or false",
            _ when type == typeof(int) => "a whole number",
            _ when type == typeof(TimeSpan) => "a time as hours:minutes:seconds",
            _ when type == typeof(string) => "text",
            _ when type == typeof(Uri) => "an absolute URL",
            _ when type == typeof(float) => "a number",
            _ when type == typeof(IList<string>) => property.DeclaringType == typeof(WorkerOptions) ? "names, separated by commas" : $"a list: `{property.Name}:0`, `{property.Name}:1` …",
            { IsEnum: true } => string.Join(" or ", Enum.GetNames(type)),
            _ => throw new InvalidOperationException($"{property.DeclaringType!.Name}.{property.Name} is a {type.Name}; say here how it is configured."),
        };
        return property.GetCustomAttribute<RangeAttribute>() is { } range ? $"{kind} from {Limit(range.Minimum)} to {Limit(range.Maximum)}" : kind;
    }

    private static string Limit(object limit) => Convert.ToString(limit, CultureInfo.InvariantCulture)!;

    private static string Default(object? value) => value switch
    {
        null or "" or IList<string> => "–",
        bool flag => flag ? "`true`" : "`false`",
        TimeSpan time => $"`{time.ToString("c", CultureInfo.InvariantCulture)}`",
        _ => $"`{Convert.ToString(value, CultureInfo.InvariantCulture)}`",
    };

    private static string Meaning(PropertyInfo property) => DefaultSentence().Replace(DocSummary.Of(property), "");

    // The column beside it says the same, unless the default is a rule.
    [GeneratedRegex(@" The default is (none|nothing|\d[^;]*?|true|false)\.(?= |$)")]
    private static partial Regex DefaultSentence();
}
