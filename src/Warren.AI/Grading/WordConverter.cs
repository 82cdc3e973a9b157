using System.Text.Json.Serialization;

namespace Warren.AI.Grading;

/// <summary>An enumeration as words, in the letter case of the seed; numbers are refused.</summary>
internal sealed class WordConverter<T>() : JsonStringEnumConverter<T>(namingPolicy: null, allowIntegerValues: false)
    where T : struct, Enum;
