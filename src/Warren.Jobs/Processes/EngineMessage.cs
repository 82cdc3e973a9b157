using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Warren.Jobs.Processes;

/// <summary>A line that an engine writes: docs/reference/process-engine.md.</summary>
internal abstract record EngineMessage;

/// <summary>The process can take jobs. It is its first line.</summary>
/// <param name="Protocol">The version of the protocol that it speaks.</param>
internal sealed record ReadyMessage(int Protocol) : EngineMessage;

/// <summary>The answer to a ping.</summary>
internal sealed record PongMessage : EngineMessage;

/// <summary>A line for the log.</summary>
internal sealed record LogMessage(LogLevel Level, string Text) : EngineMessage;

/// <summary>A line about the job that runs.</summary>
/// <param name="Id">The job, as it was given.</param>
internal abstract record JobMessage(string Id) : EngineMessage;

/// <summary>How far the job is.</summary>
internal sealed record ProgressMessage(string Id, double Percent, IReadOnlyDictionary<string, double>? Metrics, string? Text) : JobMessage(Id);

/// <summary>Where a later attempt would go on.</summary>
internal sealed record CheckpointMessage(
    string Id, JsonElement Checkpoint, double? Percent, IReadOnlyDictionary<string, double>? Metrics, int? Epoch) : JobMessage(Id);

/// <summary>What a call to a language model has cost.</summary>
internal sealed record UsageMessage(string Id, TokenUsage Usage) : JobMessage(Id);

/// <summary>A line that ends the job: nothing more about it may follow.</summary>
internal abstract record EndMessage(string Id) : JobMessage(Id);

/// <summary>The job succeeded.</summary>
internal sealed record ResultMessage(string Id, JsonElement Result) : EndMessage(Id);

/// <summary>The job failed.</summary>
internal sealed record ErrorMessage(string Id, string Code, string Text, FailureCause Cause, TimeSpan? RetryAfter) : EndMessage(Id);

/// <summary>The job stopped because it was canceled.</summary>
internal sealed record StoppedMessage(string Id) : EndMessage(Id);
