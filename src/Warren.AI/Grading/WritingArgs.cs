using System.Text.Json.Serialization;

namespace Warren.AI.Grading;

/// <summary>What <c>grading.writing</c> is given; the fields of seed 0's <c>WritingJob</c> without those of its delivery.</summary>
public sealed record WritingArgs
{
    /// <summary>The task: <c>task1</c> describes something in at least 150 words, <c>task2</c> argues in at least 250.</summary>
    public required WritingTask TaskType { get; init; }

    /// <summary>What the learner was asked.</summary>
    public required string Prompt { get; init; }

    /// <summary>What the learner wrote.</summary>
    public required string StudentAnswer { get; init; }

    /// <summary>The level the learner aims at.</summary>
    public required TargetLevel TargetLevel { get; init; }

    /// <summary>The learner, as the backend counts; carried along and not looked at.</summary>
    public long? UserId { get; init; }

    /// <summary>The attempt, as the backend counts; carried along and not looked at.</summary>
    public long? AttemptId { get; init; }

    /// <summary>The question, as the backend counts; carried along and not looked at.</summary>
    public long? QuestionId { get; init; }

    /// <summary>What a message of the contract names so; carried along and not called: the result goes to the result queue.</summary>
    public string? CallbackUrl { get; init; }
}

/// <summary>A writing task.</summary>
[JsonConverter(typeof(WordConverter<WritingTask>))]
public enum WritingTask
{
    /// <summary>Describes something, in at least 150 words.</summary>
    [JsonStringEnumMemberName("task1")]
    Task1,

    /// <summary>Argues, in at least 250 words.</summary>
    [JsonStringEnumMemberName("task2")]
    Task2,
}
