using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Warren.Jobs.Processes;

/// <summary>Reads the message in one line, and says of a wrong one what was found and what was expected. Names it does not know are left alone.</summary>
internal readonly struct EngineLineReader(JsonElement root, ReadOnlyMemory<byte> line)
{
    private const int MostMetrics = 100;
    private const int LongestCode = 100;
    private const int LongestMessage = 1000;
    private const int LongestError = 64 * 1024;
    private const int LongestCheckpoint = 64 * 1024;

    /// <summary>The message.</summary>
    /// <exception cref="JobFailedException"><see cref="EngineFault.Protocol"/>.</exception>
    public EngineMessage Read() => Text("type", required: true) switch
    {
        "ready" => new ReadyMessage(Whole("protocol", required: true)!.Value is var protocol and <= int.MaxValue ? (int)protocol : int.MaxValue),
        "pong" => new PongMessage(),
        "log" => new LogMessage(Level(), Text("message", required: true)!),
        "progress" => new ProgressMessage(Id(), Number("progress", required: true)!.Value, Metrics(), Cut(Text("message"), LongestMessage)),
        "checkpoint" => new CheckpointMessage(Id(), Checkpoint(), Number("progress"), Metrics(), Epoch()),
        "usage" => new UsageMessage(
            Id(), new TokenUsage(Whole("input_tokens", required: true)!.Value, Whole("output_tokens", required: true)!.Value, Text("model"))),
        "result" => new ResultMessage(Id(), Value("result").Clone()),
        "error" => new ErrorMessage(Id(), Code(), Cut(Text("message", required: true), LongestError)!, Cause(), RetryAfter()),
        "stopped" => new StoppedMessage(Id()),
        var other => throw Wrong(
            $"the type {other}", "one of ready, pong, log, progress, checkpoint, usage, result, error and stopped"),
    };

    private string Id() => Text("id", required: true)!;

    private JsonElement Value(string name) =>
        root.TryGetProperty(name, out var value) ? value : throw Wrong($"no '{name}'", $"a value in '{name}'");

    private string? Text(string name, bool required = false) => Optional(name) switch
    {
        null when required => throw Wrong($"no '{name}'", $"a text in '{name}'"),
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => throw Wrong($"{Shown(other)} in '{name}'", "a text"),
    };

    private double? Number(string name, bool required = false) => Optional(name) switch
    {
        null when required => throw Wrong($"no '{name}'", $"a number in '{name}'"),
        null => null,
        { } value => Number(name, value),
    };

    private double Number(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : throw Wrong($"{Shown(value)} in '{name}'", "a finite number");

    private long? Whole(string name, bool required = false) => Optional(name) switch
    {
        null when required => throw Wrong($"no '{name}'", $"a whole number in '{name}'"),
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out var number) && number >= 0 => number,
        { } other => throw Wrong($"{Shown(other)} in '{name}'", "a whole number from 0 on"),
    };

    private int? Epoch() => Whole("epoch") switch
    {
        null => null,
        <= int.MaxValue and var epoch => (int)epoch,
        var epoch => throw Wrong($"the epoch {epoch}", $"at most {int.MaxValue}"),
    };

    private Dictionary<string, double>? Metrics()
    {
        if (Optional("metrics") is not { } metrics)
            return null;
        if (metrics.ValueKind != JsonValueKind.Object)
            throw Wrong($"{Shown(metrics)} in 'metrics'", "an object of numbers");
        Dictionary<string, double> read = [];
        foreach (var metric in metrics.EnumerateObject())
        {
            // A loss that is not a number has no form in JSON; null is how an engine says so, and then there is no figure.
            if (metric.Value.ValueKind != JsonValueKind.Null)
                read[metric.Name] = Number(metric.Name, metric.Value);
        }
        return read.Count <= MostMetrics ? read : throw Wrong($"{read.Count} metrics", $"at most {MostMetrics}");
    }

    private JsonElement Checkpoint()
    {
        var checkpoint = Value("checkpoint");
        var length = Encoding.UTF8.GetByteCount(checkpoint.GetRawText());
        return length <= LongestCheckpoint
            ? checkpoint.Clone()
            : throw Wrong($"a checkpoint of {length:N0} bytes", $"at most {LongestCheckpoint:N0}; large things are files, and the checkpoint says where");
    }

    private LogLevel Level() => Text("level") switch
    {
        "debug" => LogLevel.Debug,
        null or "info" => LogLevel.Information,
        "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        var other => throw Wrong($"the level {other}", "one of debug, info, warning and error"),
    };

    private string Code() => Text("code") switch
    {
        null => EngineFault.Failed,
        { Length: > 0 and <= LongestCode } code when !code.Any(char.IsControl) => code,
        var other => throw Wrong($"a code of {other.Length} characters", $"1 to {LongestCode}, none a control character"),
    };

    private FailureCause Cause() => Text("cause") switch
    {
        null or "error" => FailureCause.Error,
        "throttled" => FailureCause.Throttled,
        "invalid" => FailureCause.Invalid,
        var other => throw Wrong($"the cause {other}", "one of error, throttled and invalid"),
    };

    private TimeSpan? RetryAfter() => Number("retry_after") switch
    {
        null => null,
        >= 0 and <= 30 * 86_400 and var seconds => TimeSpan.FromSeconds(seconds),
        var seconds => throw Wrong($"a retry_after of {seconds} s", "0 to 2,592,000, which is 30 days"),
    };

    private JsonElement? Optional(string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Cut(string? text, int longest)
    {
        if (text is null || text.Length <= longest)
            return text;
        // Not through a character of two code units.
        var end = char.IsHighSurrogate(text[longest - 2]) ? longest - 2 : longest - 1;
        return text[..end] + "…";
    }

    private static string Shown(JsonElement value) => EngineLines.Shown(Encoding.UTF8.GetBytes(value.GetRawText()));

    private JobFailedException Wrong(string found, string expected) => EngineFault.Of(
        EngineFault.Protocol,
        $"The engine wrote a line with {found}; expected: {expected}. The line: {EngineLines.Shown(line.Span)}");
}
