using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Warren.Jobs.Processes;

namespace Warren.Jobs.Tests.Processes;

/// <summary>Kinds that settings bind to programs.</summary>
public class ProcessKindsTests
{
    [Fact]
    public void Every_setting_is_read()
    {
        var options = Assert.Single(Read(
            ("my.kind:Command", "python3 'my trainer.py'"), ("my.kind:Concurrency", "3"), ("my.kind:AttemptTimeout", "01:00:00"), ("my.kind:Mode", "per-job"),
            ("my.kind:Environment:LR", "0.1"), ("my.kind:WorkingDirectory", "/srv"), ("my.kind:StartTimeout", "00:05:00"), ("my.kind:CancelGrace", "00:00:01"),
            ("my.kind:GracePeriod", "00:00:02"), ("my.kind:PingInterval", "00:00:03"), ("my.kind:PingTimeout", "00:00:04"), ("my.kind:SilenceTimeout", "00:00:05"),
            ("my.kind:RestartDelay", "00:00:06"), ("my.kind:MaxRestartDelay", "00:00:07"), ("my.kind:JobsPerProcess", "8"), ("my.kind:MemoryLimit", "9000000000"),
            ("my.kind:MemoryInterval", "00:00:10"), ("my.kind:MaxLine", "11000"), ("my.kind:MaxOutput", "12000"), ("my.kind:MaxLogLines", "13"),
            ("my.kind:Retention", "1.00:00:00"))).Value;

        Assert.Equal(["python3", "my trainer.py"], options.Command);
        Assert.Equal((3, TimeSpan.FromHours(1), ProcessMode.PerJob), (options.Concurrency, options.AttemptTimeout, options.Mode));
        Assert.Equal("0.1", options.Environment["LR"]);
        Assert.Equal("/srv", options.WorkingDirectory);
        Assert.Equal(
            [300, 1, 2, 3, 4, 5, 6, 7, 10],
            new[] { options.StartTimeout, options.CancelGrace, options.GracePeriod, options.PingInterval, options.PingTimeout, options.SilenceTimeout!.Value, options.RestartDelay, options.MaxRestartDelay, options.MemoryInterval }.Select(time => time.TotalSeconds));
        Assert.Equal((8, 9_000_000_000, 11_000, 12_000, 13), (options.JobsPerProcess, options.MemoryLimit, options.MaxLine, options.MaxOutput, options.MaxLogLines));
    }

    [Fact]
    public void Every_setting_is_in_the_test_above()
    {
        var read = Read([("a:Command", "x"), .. ProcessKinds.Keys.Where(key => key is not ("Command" or "Environment")).Select(key => ($"a:{key}", Some(key)))]);

        Assert.Equal(20, ProcessKinds.Keys.Count());
        Assert.Equal("x", read["a"].Command[0]);

        static string Some(string key) => key == nameof(ProcessEngineOptions.Concurrency) ? "1000" : typeof(ProcessEngineOptions).GetProperty(key)!.PropertyType switch
        {
            var type when type == typeof(int) || type == typeof(int?) || type == typeof(long) || type == typeof(long?) => "2000000",
            var type when type == typeof(string) => "/",
            var type when type == typeof(ProcessMode) => "persistent",
            _ => "00:00:01",
        };
    }

    [Fact]
    public void A_command_may_be_a_list() =>
        Assert.Equal(["python3", "a b.py", ""], Read(("k:Command:0", "python3"), ("k:Command:1", "a b.py"), ("k:Command:2", ""))["k"].Command);

    [Fact]
    public void Kinds_without_a_command_are_left_alone() =>
        Assert.Empty(Read(("text.stats:Concurrency", "4"), ("text.stats:Whatever", "4")));

    [Theory]
    [InlineData("text_stats", "text.stats")]
    [InlineData("TEXT_STATS", "text.stats")]
    [InlineData("Text.Stats", "text.stats")]
    [InlineData("speech_to_text", "speech.to-text")]
    [InlineData("speech.to-text", "speech.to-text")]
    [InlineData("plain", "plain")]
    public void An_underscore_stands_for_a_dot_or_the_dash_of_a_known_kind(string key, string kind) =>
        Assert.Equal(kind, Assert.Single(Read(["speech.to-text"], ($"{key}:Command", "x"))).Key);

    [Fact]
    public void A_key_that_may_mean_two_kinds_is_refused() =>
        AssertRefused("may mean a-b or a.b", () => Read(["a.b", "a-b"], ("a_b:Command", "x")));

    [Theory]
    [InlineData("k:Command", "", "Warren:Kinds:k:Command is empty")]
    [InlineData("k:Command", "'x", "Warren:Kinds:k:Command is wrong: The ' at character 1")]
    [InlineData("k:Concurrency", "0", "Warren:Kinds:k:Concurrency is 0; 1 to 1024 was expected")]
    [InlineData("k:Concurrency", "many", "'many' was found; a whole number was expected")]
    [InlineData("k:AttemptTimeout", "30", "'30' was found; a time as hours:minutes:seconds was expected")]
    [InlineData("k:GracePeriod", "-00:00:01", "Warren:Kinds:k:GracePeriod is -00:00:01")]
    [InlineData("k:Mode", "forked", "'forked' was found; persistent or per-job was expected")]
    [InlineData("k:MemoryLimit", "5", "Warren:Kinds:k:MemoryLimit is 5")]
    [InlineData("k:MemoryLimt", "5", "Warren:Kinds:k:MemoryLimt is no setting of a kind; did you mean MemoryLimit?")]
    [InlineData("k:Mode:x", "5", "one value was expected, not a section")]
    [InlineData("9:Command", "x", "Warren:Kinds:9 does not name a kind")]
    public void A_wrong_setting_is_told_with_its_key(string key, string value, string words) =>
        AssertRefused(words, () => key == "k:Command" ? Read((key, value)) : Read(("k:Command", "x"), (key, value)));

    [Fact]
    public void Two_keys_of_one_kind_are_told() =>
        AssertRefused("two commands for k.1; one of them is Warren:Kinds:k_1", () => Read(("k_1:Command", "x"), ("k.1:Command", "y")));

    [Fact]
    public void All_that_is_wrong_is_told_at_once()
    {
        var error = Assert.Throws<OptionsValidationException>(() => Read(("a:Command", "x"), ("a:Mode", "?"), ("a:Concurrency", "?"), ("b:Command", "'")));

        Assert.Equal(3, error.Failures.Count());
    }

    private static IReadOnlyDictionary<string, ProcessEngineOptions> Read(params (string Key, string Value)[] settings) => Read([], settings);

    private static IReadOnlyDictionary<string, ProcessEngineOptions> Read(string[] known, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Warren:Kinds:{setting.Key}", (string?)setting.Value)))
            .Build();
        return ProcessKinds.Read(configuration, known);
    }

    private static void AssertRefused(string words, Func<object> read) =>
        Assert.Contains(words, Assert.Throws<OptionsValidationException>(read).Message, StringComparison.Ordinal);
}
