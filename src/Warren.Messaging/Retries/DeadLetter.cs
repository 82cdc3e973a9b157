using System.Globalization;
using RabbitMQ.Client;

namespace Warren.Messaging.Retries;

/// <summary>A message that was given up.</summary>
public sealed record DeadLetter
{
    /// <summary>The queue it came from.</summary>
    public required string Queue { get; init; }

    /// <summary>Its message id, if its publisher set one.</summary>
    public string? MessageId { get; init; }

    /// <summary>
    /// Why: <c>rejected</c>, <c>attempts_exhausted</c>, <c>not_retryable</c>, a word of <see cref="ContentException.Reason"/>, or the broker's own:
    /// <c>delivery_limit</c>, <c>expired</c>, <c>maxlen</c>.
    /// </summary>
    public required string Reason { get; init; }

    /// <summary>The type of the last exception, if a handler threw.</summary>
    public string? ExceptionType { get; init; }

    /// <summary>The message of the last exception.</summary>
    public string? ExceptionMessage { get; init; }

    /// <summary>How many attempts were made.</summary>
    public required int Attempts { get; init; }

    /// <summary>The exchange it was first published to.</summary>
    public string? OriginExchange { get; init; }

    /// <summary>The routing key it was first published with.</summary>
    public string? OriginRoutingKey { get; init; }

    /// <summary>When it was given up, if Warren did it.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The media type of the body.</summary>
    public string? ContentType { get; init; }

    /// <summary>All headers, text as <c>byte[]</c>.</summary>
    public required IReadOnlyDictionary<string, object?> Headers { get; init; }

    /// <summary>The body as it is on the wire.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    internal static DeadLetter From(string queue, BasicGetResult message)
    {
        var properties = message.BasicProperties;
        var headers = properties.Headers;
        var death = FirstDeath(headers);
        return new DeadLetter
        {
            Queue = MessageHeaders.Text(headers, MessageHeaders.OriginQueue) ?? queue,
            MessageId = properties.MessageId,
            Reason = MessageHeaders.Text(headers, MessageHeaders.DeathReason) ?? MessageHeaders.Text(death, "reason") ?? "unknown",
            ExceptionType = MessageHeaders.Text(headers, MessageHeaders.ExceptionType),
            ExceptionMessage = MessageHeaders.Text(headers, MessageHeaders.ExceptionMessage),
            Attempts = (int)Math.Min(int.MaxValue, MessageHeaders.Number(headers, MessageHeaders.Attempts)),
            OriginExchange = MessageHeaders.Text(headers, MessageHeaders.OriginExchange) ?? MessageHeaders.Text(death, "exchange"),
            OriginRoutingKey = MessageHeaders.Text(headers, MessageHeaders.OriginRoutingKey) ?? FirstRoutingKey(death),
            Time = DateTimeOffset.TryParse(
                MessageHeaders.Text(headers, MessageHeaders.DeathTime), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                ? time
                : null,
            ContentType = properties.ContentType,
            Headers = headers is null ? new Dictionary<string, object?>() : new Dictionary<string, object?>(headers),
            Body = message.Body,
        };
    }

    // The keys of CC follow the one it was published with.
    private static string? FirstRoutingKey(IDictionary<string, object?>? death) =>
        death is not null && death.TryGetValue("routing-keys", out var keys) && keys is IList<object?> { Count: > 0 } list && list[0] is byte[] key
            ? System.Text.Encoding.UTF8.GetString(key)
            : null;

    // The newest entry of the broker's own record of dead-lettering.
    private static IDictionary<string, object?>? FirstDeath(IDictionary<string, object?>? headers) =>
        headers is not null && headers.TryGetValue("x-death", out var deaths) && deaths is IList<object?> { Count: > 0 } list
            ? list[0] as IDictionary<string, object?>
            : null;
}

/// <summary>Which dead letters to take. What is not set matches all.</summary>
public sealed record DeadLetterFilter
{
    /// <summary>Only these message ids.</summary>
    public IReadOnlySet<string>? MessageIds { get; init; }

    /// <summary>Only this reason.</summary>
    public string? Reason { get; init; }

    internal bool Matches(DeadLetter letter) =>
        (MessageIds is null || (letter.MessageId is { } id && MessageIds.Contains(id))) && (Reason is null || letter.Reason == Reason);
}

/// <summary>What a replay did.</summary>
/// <param name="Replayed">How many went back to their queue.</param>
/// <param name="Kept">How many did not match and stayed.</param>
public sealed record ReplayResult(int Replayed, int Kept);
