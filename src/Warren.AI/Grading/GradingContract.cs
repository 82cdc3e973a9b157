using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Warren.Jobs;
using Warren.Jobs.Contracts;

namespace Warren.AI.Grading;

/// <summary>
/// Seed 0's contract: a backend publishes <c>WritingJob</c> and <c>SpeakingJob</c> messages to a direct exchange, and reads <c>WritingResult</c>
/// and <c>SpeakingResult</c> from the result queue, one for each job that has ended.
/// </summary>
/// <remarks>
/// A message whose <c>job_id</c> can be read and whose other fields cannot gets a result with status <c>failed</c>; one without an id
/// becomes a dead letter. NestJS's envelope <c>{"pattern": …, "data": …}</c> is unwrapped when it is seen.
/// </remarks>
/// <param name="options">The names a backend uses.</param>
public sealed class GradingContract(IOptions<GradingOptions> options) : IJobContract
{
    private const string CorrelationNote = "correlation_id";

    private readonly GradingOptions _options = options.Value;

    /// <inheritdoc/>
    public string Name => "grading";

    /// <inheritdoc/>
    public IReadOnlyList<JobQueue> Queues =>
    [
        new(_options.WritingQueue, _options.Exchange, "writing"),
        new(_options.SpeakingQueue, _options.Exchange, "speaking"),
    ];

    /// <inheritdoc/>
    public IReadOnlyList<JobQueue> Outputs => [new(_options.ResultQueue, _options.Exchange, "result")];

    /// <inheritdoc/>
    public IncomingJob Decode(Delivery delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        using var document = JsonDocument.Parse(delivery.Body);
        var message = new GradingMessage(Unwrapped(document.RootElement));
        var id = message.Id();
        try
        {
            var (kind, args) = delivery.Queue == _options.WritingQueue
                ? (GradingKinds.Writing.Name, JsonSerializer.SerializeToUtf8Bytes(message.Writing(), JobJson.Options))
                : (GradingKinds.Speaking.Name, JsonSerializer.SerializeToUtf8Bytes(message.Speaking(), JobJson.Options));
            return new(kind, id, args)
            {
                Notes = delivery.CorrelationId is { Length: > 0 } correlation ? new Dictionary<string, string> { [CorrelationNote] = correlation } : null,
            };
        }
        catch (GradingMessageException wrong)
        {
            throw new BadMessageException("invalid_message", wrong.Message, Result(id, delivery.CorrelationId, null, $"invalid_message: {wrong.Message}"));
        }
    }

    /// <inheritdoc/>
    public IEnumerable<Outgoing> Encode(IncomingJob job, JobEvent happened)
    {
        ArgumentNullException.ThrowIfNull(job);
        var correlation = job.Notes?.GetValueOrDefault(CorrelationNote);
        return happened switch
        {
            JobSucceeded succeeded => [Result(job.ExternalId, correlation, succeeded.Result, null)],
            JobFailed failed => [Result(job.ExternalId, correlation, null, $"{failed.Error.Code}: {failed.Error.Message}")],
            JobCanceled => [Result(job.ExternalId, correlation, null, "canceled")],
            JobExpired => [Result(job.ExternalId, correlation, null, "expired")],
            _ => [],
        };
    }

    /// <inheritdoc/>
    public Outgoing? Refuse(IncomingJob job, JobError reason)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(reason);
        return Result(job.ExternalId, job.Notes?.GetValueOrDefault(CorrelationNote), null, $"{reason.Code}: {reason.Message}");
    }

    private static JsonElement Unwrapped(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty("pattern", out _) && root.TryGetProperty("data", out var data) ? data : root;

    private Outgoing Result(string id, string? correlation, JsonElement? score, string? error)
    {
        // All four fields, as pydantic writes them: a reader may ask for each.
        JsonNode result = new JsonObject
        {
            ["job_id"] = id,
            ["status"] = error is null ? "completed" : "failed",
            ["result"] = score is { } value ? JsonNode.Parse(value.GetRawText()) : null,
            ["error"] = error,
        };
        if (_options.ResultPattern is { Length: > 0 } pattern)
            result = new JsonObject { ["pattern"] = pattern, ["data"] = result };
        return new(_options.Exchange, "result", JsonSerializer.SerializeToUtf8Bytes(result, JobJson.Options)) { CorrelationId = correlation };
    }
}
