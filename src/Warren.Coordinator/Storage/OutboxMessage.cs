using Warren.Jobs;

namespace Warren.Coordinator.Storage;

/// <summary>A message that is in the store until the broker has confirmed it.</summary>
internal sealed record OutboxMessage
{
    /// <summary>Rises with time; given by the store.</summary>
    public long Id { get; init; }

    /// <summary>The job; its messages go out one after the other, in the order of their ids.</summary>
    public required JobId Job { get; init; }

    /// <summary>The exchange; empty for the default one.</summary>
    public required string Exchange { get; init; }

    public required string RoutingKey { get; init; }

    /// <summary>The same however often it is sent.</summary>
    public required string MessageId { get; init; }

    /// <summary>The attempt a job's own message is for; 0 for messages of contracts.</summary>
    public int Attempt { get; init; }

    /// <summary>The body; null stands for the job's args, which are not stored twice.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    public string? CorrelationId { get; init; }

    /// <summary>Headers of text, as a JSON object.</summary>
    public string? Headers { get; init; }
}
