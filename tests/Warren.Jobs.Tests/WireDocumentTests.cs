using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Warren.Jobs.Protocol;
using Warren.TestKit;

namespace Warren.Jobs.Tests;

/// <summary>docs/reference/wire.md, Jobs: who writes a client by it must find every name there is.</summary>
public class WireDocumentTests
{
    private static readonly string Chapter = RepositoryFiles.Read("docs/reference/wire.md").Split("\n## Jobs\n")[1];

    public static TheoryData<Type> Messages =>
    [
        typeof(SubmitMessage), typeof(SubmitReply), typeof(RefusalMessage), typeof(JobRequest), typeof(JobReply), typeof(JobFilter), typeof(JobPage), typeof(Job),
        typeof(JobError), typeof(TokenUsage), typeof(AttemptRef), typeof(ClaimMessage), typeof(ClaimReply), typeof(Grant), typeof(WorkerDescription),
        typeof(KindDescription), typeof(RetryDescription), typeof(ReportMessage), typeof(ControlMessage), .. Derived(typeof(Report)), .. Derived(typeof(JobEvent)),
    ];

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_name_in_a_message_is_told(Type message) => Assert.All(
        JobJson.Options.GetTypeInfo(message).Properties.Where(property => property.Get is not null && property.Name != "$type"),
        property => Assert.Matches($"[`\"]{property.Name}[`\"]", Chapter));

    [Theory]
    [InlineData(typeof(GrantAnswer))]
    [InlineData(typeof(FailureCause))]
    [InlineData(typeof(JobState))]
    [InlineData(typeof(JobOperation))]
    public void Every_word_of_an_enumeration_is_told(Type words) => Assert.All(
        Enum.GetNames(words), word => Assert.Contains($"`{JsonNamingPolicy.SnakeCaseLower.ConvertName(word)}`", Chapter, StringComparison.Ordinal));

    [Theory]
    [InlineData(typeof(Report), "### Reporting")]
    [InlineData(typeof(JobEvent), "### Asking")]
    public void Every_type_of_a_report_and_an_event_has_its_row(Type message, string section)
    {
        var text = Chapter.Split(section)[1].Split("\n### ")[0];
        var rows = Regex.Matches(text.Split("| `type` |")[1], @"^\| ((?:`\w+`(?:, )?)+) \|", RegexOptions.Multiline).SelectMany(row => Regex.Matches(row.Groups[1].Value, @"\w+")).Select(word => word.Value);

        Assert.Equal(
            message.GetCustomAttributes<JsonDerivedTypeAttribute>().Select(derived => (string)derived.TypeDiscriminator!).Order(StringComparer.Ordinal),
            rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_queue_exchange_and_header_is_told() => Assert.All(
        typeof(WireNames).GetFields(BindingFlags.Static | BindingFlags.Public).Where(field => field.FieldType == typeof(string)).Select(field => (string)field.GetRawConstantValue()!)
            .Append(WireNames.JobQueue("<kind>")).Append(WireNames.JobQueue("<kind>", "<lane>")),
        name => Assert.Contains($"`{name}`", Chapter, StringComparison.Ordinal));

    private static IEnumerable<Type> Derived(Type type) => type.GetCustomAttributes<JsonDerivedTypeAttribute>().Select(derived => derived.DerivedType);
}
