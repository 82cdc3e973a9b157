using System.Text.Json;
using System.Text.Json.Serialization;

namespace Warren.Jobs;

/// <summary>An enumeration as lower-case words joined by underscores; numbers are refused.</summary>
internal sealed class SnakeCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
