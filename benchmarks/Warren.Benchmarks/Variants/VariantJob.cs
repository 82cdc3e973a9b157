using System.Text.Json.Serialization;

namespace Warren.Benchmarks.Variants;

/// <summary>One run of one variant, as it is handed to the process that does it.</summary>
internal sealed record VariantJob
{
    /// <summary>The work.</summary>
    public required string Work { get; init; }

    /// <summary>The library.</summary>
    public required string Library { get; init; }

    /// <summary>The name of the variant.</summary>
    public required string Variant { get; init; }

    /// <summary>The broker's URL.</summary>
    public required string Broker { get; init; }

    /// <summary>The queue to work on; it exists.</summary>
    public required string Queue { get; init; }

    /// <summary>Its kind.</summary>
    public required QueueKind QueueKind { get; init; }

    /// <summary>Bytes per message.</summary>
    public required int Size { get; init; }

    /// <summary>Seconds of work before measuring.</summary>
    public required double WarmUpSeconds { get; init; }

    /// <summary>Seconds measured.</summary>
    public required double Seconds { get; init; }

    /// <summary>How many messages wait in the queue, or are to be filled in.</summary>
    public int Messages { get; init; }

    /// <summary>The id of the broker's process, whose meters are then read too; 0 when that is not wanted.</summary>
    public int BrokerProcess { get; init; }

    /// <summary>How long to work before measuring.</summary>
    [JsonIgnore]
    public TimeSpan WarmUp => TimeSpan.FromSeconds(WarmUpSeconds);

    /// <summary>How long to measure.</summary>
    [JsonIgnore]
    public TimeSpan Measured => TimeSpan.FromSeconds(Seconds);
}
