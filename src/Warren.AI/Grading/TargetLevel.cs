using System.Text.Json.Serialization;

namespace Warren.AI.Grading;

/// <summary>The level of the Common European Framework of Reference that a learner aims at.</summary>
[JsonConverter(typeof(WordConverter<TargetLevel>))]
public enum TargetLevel
{
    /// <summary>Elementary.</summary>
    A2,

    /// <summary>Intermediate.</summary>
    B1,

    /// <summary>Upper intermediate.</summary>
    B2,

    /// <summary>Advanced.</summary>
    C1,
}
