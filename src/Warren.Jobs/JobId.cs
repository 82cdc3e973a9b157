using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Warren.Jobs;

/// <summary>A job's id: a UUIDv7 (RFC 9562 §5.7), made before the job is submitted, so that a repeated submit cannot double it.</summary>
/// <param name="Value">The UUID.</param>
[JsonConverter(typeof(JobIdConverter))]
public readonly record struct JobId(Guid Value) : IComparable<JobId>, ISpanParsable<JobId>
{
    /// <summary>A new id. Ids of one process rise with time, to the millisecond.</summary>
    public static JobId New() => new(Guid.CreateVersion7());

    /// <summary>A new id that holds the time of a clock.</summary>
    public static JobId New(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return new(Guid.CreateVersion7(time.GetUtcNow()));
    }

    /// <inheritdoc/>
    public static JobId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException($"'{s}' is not a job id; a UUID such as 0199a3b0-6f3e-7cc2-9a51-1f0c6c3b7a11 was expected.");

    /// <inheritdoc/>
    public static JobId Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => Parse(s.ToString(), provider);

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out JobId result) => TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out JobId result)
    {
        var read = Guid.TryParseExact(s, "D", out var value) && value != Guid.Empty;
        result = read ? new(value) : default;
        return read;
    }

    /// <summary>Orders ids as their text does, and so by time. (Guid's own order is that of .NET's memory.)</summary>
    public int CompareTo(JobId other)
    {
        Span<byte> mine = stackalloc byte[16];
        Span<byte> theirs = stackalloc byte[16];
        Value.TryWriteBytes(mine, bigEndian: true, out _);
        other.Value.TryWriteBytes(theirs, bigEndian: true, out _);
        return mine.SequenceCompareTo(theirs);
    }

    /// <summary>The UUID in its text form, 36 characters in lower case.</summary>
    public override string ToString() => Value.ToString("D");

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator <(JobId left, JobId right) => left.CompareTo(right) < 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator >(JobId left, JobId right) => left.CompareTo(right) > 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator <=(JobId left, JobId right) => left.CompareTo(right) <= 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator >=(JobId left, JobId right) => left.CompareTo(right) >= 0;

    private sealed class JobIdConverter : JsonConverter<JobId>
    {
        public override JobId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), null, out var id)
                ? id
                : throw new JsonException("A job id was expected: a UUID as a string.");

        public override void Write(Utf8JsonWriter writer, JobId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);

        public override JobId ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(reader.GetString()!);

        public override void WriteAsPropertyName(Utf8JsonWriter writer, JobId value, JsonSerializerOptions options) => writer.WritePropertyName(value.ToString());
    }
}
