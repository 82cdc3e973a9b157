using System.Globalization;
using System.Text.Json;
using Warren.Jobs;

namespace Warren.AI.Chat;

/// <summary>What can be wrong with a call, in the words of jobs (docs/reference/chat.md). No message holds the key.</summary>
internal sealed class ChatFaults(Uri address, ChatOptions options)
{
    /// <summary>The endpoint has too much to do.</summary>
    public const string Throttled = "llm.throttled";

    /// <summary>The endpoint cannot be reached, or has failed.</summary>
    public const string Unavailable = "llm.unavailable";

    /// <summary>The call took longer than it may.</summary>
    public const string Timeout = "llm.timeout";

    /// <summary>The endpoint does not do what it was asked.</summary>
    public const string Refused = "llm.refused";

    /// <summary>The key is missing or wrong.</summary>
    public const string Unauthorized = "llm.unauthorized";

    /// <summary>The answer is not what was asked for.</summary>
    public const string Bad = "llm.bad_answer";

    private const int LongestDetail = 500;

    // Without what a URL can hold besides: a user, a password, a query.
    private string Where => $"{address.Scheme}://{address.Authority}";

    /// <summary>An answer whose status is no success.</summary>
    /// <param name="status">The status.</param>
    /// <param name="retryAfter">How long it asked to wait.</param>
    /// <param name="body">What it says.</param>
    public JobFailedException Of(int status, TimeSpan? retryAfter, ReadOnlyMemory<byte> body)
    {
        var what = string.Create(CultureInfo.InvariantCulture, $"{Where} answered {status}");
        var detail = Detail(body) is { } said ? $" It says: {said}" : "";
        return status switch
        {
            429 or 503 => new(
                Throttled,
                retryAfter is { } pause
                    ? string.Create(CultureInfo.InvariantCulture, $"{what}: come again in {pause.TotalSeconds:0.###} s.{detail}")
                    : $"{what}: come again later.{detail}",
                FailureCause.Throttled,
                retryAfter),
            // What it says to that may be the key.
            401 or 403 => new(Unauthorized, $"{what}: it takes another key. Look at {ChatOptions.Section}:ApiKey, or OPENAI_API_KEY.", FailureCause.Invalid),
            408 => new(Timeout, $"{what}: the call took it too long.{detail}", FailureCause.Timeout),
            >= 500 => new(Unavailable, $"{what}: it has failed.{detail}"),
            _ => new(
                Refused,
                $"{what}: it does not do what it was asked; a model that it has and a text that fits into it were expected. " +
                $"Look at {ChatOptions.Section}:Endpoint and Model (now: {options.Model}).{detail}",
                FailureCause.Invalid),
        };
    }

    /// <summary>There is no answer, or not all of it.</summary>
    public JobFailedException Broken(string what, Exception? error) => new(
        Unavailable, $"{Where} {what}{(Reason(error) is { } reason ? $": {reason}" : ".")}", FailureCause.Error, innerException: error);

    /// <summary>The time is over.</summary>
    public JobFailedException TimedOut(Exception error) => new(
        Timeout, $"{Where} did not answer within {options.Timeout} ({ChatOptions.Section}:Timeout).", FailureCause.Timeout, innerException: error);

    /// <summary>The answer is no answer.</summary>
    public JobFailedException BadAnswer(string found, Exception? error = null) =>
        new(Bad, $"{Where} sent {found}; an answer in JSON was expected.", FailureCause.Error, innerException: error);

    /// <summary>Reads a JSON object.</summary>
    public JsonElement Parse(ReadOnlyMemory<byte> body)
    {
        JsonElement json;
        try
        {
            json = JsonElement.Parse(JsonText.Readable(body).Span);
        }
        catch (JsonException error)
        {
            throw BadAnswer(string.Create(CultureInfo.InvariantCulture, $"{body.Length:N0} bytes that are no JSON"), error);
        }
        if (json.ValueKind != JsonValueKind.Object)
            throw BadAnswer($"JSON that is no object but {json.ValueKind}");
        // Some gateways report failures of the model behind them with the status of a success.
        if (json.TryGetProperty("error", out var inside) && inside.ValueKind is JsonValueKind.Object or JsonValueKind.String)
            throw Inside(inside, body);
        return json;
    }

    private JobFailedException Inside(JsonElement error, ReadOnlyMemory<byte> body)
    {
        var status = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.Number
            && code.TryGetInt32(out var number) ? number : 0;
        return status is >= 400 and < 600 ? Of(status, null, body) : BadAnswer($"an error instead{(Detail(body) is { } said ? $" ({said})" : "")}");
    }

    private string? Detail(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(JsonText.Readable(body));
            var text = Text(json.RootElement, "error") ?? Text(json.RootElement, "message") ?? Text(json.RootElement, "detail");
            return string.IsNullOrWhiteSpace(text) ? null : Clean(text);
        }
        catch (JsonException)
        {
            // A page for people, from a proxy in between; the status says enough.
            return null;
        }
    }

    private static string? Text(JsonElement json, string name)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out var value))
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : Text(value, "message");
    }

    // One line, not long, and without the key if the endpoint repeats it.
    private string Clean(string text)
    {
        if (options.ApiKey is { Length: > 0 } key)
            text = text.Replace(key, "***", StringComparison.Ordinal);
        var line = string.Join(' ', text.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestDetail ? line : line[..(char.IsHighSurrogate(line[LongestDetail - 1]) ? LongestDetail - 1 : LongestDetail)] + "…";
    }

    private string? Reason(Exception? error) => error is null ? null : Clean(error.GetBaseException().Message);
}
