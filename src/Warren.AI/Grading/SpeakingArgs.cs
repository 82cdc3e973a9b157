namespace Warren.AI.Grading;

/// <summary>What <c>grading.speaking</c> is given; the fields of seed 0's <c>SpeakingJob</c> without those of its delivery.</summary>
public sealed record SpeakingArgs
{
    /// <summary>The part of the exam, 1 to 3: short answers, a talk of two minutes, a discussion.</summary>
    public required int PartNumber { get; init; }

    /// <summary>Where the recording is: http or https, of a host in <c>Warren:Grading:AudioHosts</c>.</summary>
    public required string AudioUrl { get; init; }

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
