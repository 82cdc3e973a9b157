using System.Text.Json;

namespace Warren.Benchmarks.Payloads;

/// <summary>
/// The message of every benchmark: a few fields of each kind and a text that fills its JSON to an exact size. The names are single
/// words, so snake_case and camelCase write the same bytes.
/// </summary>
public sealed record Payload
{
    /// <summary>Added to each stamp, so that every stamp has 19 digits and the JSON keeps its size.</summary>
    private const long StampBase = 1_000_000_000_000_000_000;

    /// <summary>How JSON is written and read: as <c>MessagingOptions.Json</c> has it by default.</summary>
    internal static JsonSerializerOptions Json { get; } =
        new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>An id.</summary>
    public required Guid Id { get; init; }

    /// <summary>When it was sent, on the monotonic clock of the sending process; see <see cref="SentAt"/>.</summary>
    public required long Stamp { get; init; }

    /// <summary>A point in time.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>A number with a fraction.</summary>
    public required double Score { get; init; }

    /// <summary>A truth value.</summary>
    public required bool Urgent { get; init; }

    /// <summary>A list.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>The filling.</summary>
    public required string Text { get; init; }

    /// <summary>A payload whose JSON has exactly this many bytes.</summary>
    internal static Payload OfSize(int size)
    {
        var empty = new Payload
        {
            Id = new Guid("6f9c2b1e-52a7-4b1c-9d55-0f3c2f3f7c11"),
            Stamp = StampBase,
            Created = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            Score = 12.75,
            Urgent = true,
            Tags = ["essay", "grading", "english"],
            Text = "",
        };
        var room = size - empty.ToJson().Length;
        ArgumentOutOfRangeException.ThrowIfNegative(room, nameof(size));
        var payload = empty with { Text = string.Create(room, room, static (span, _) => Fill(span)) };
        var written = payload.ToJson().Length;
        return written == size
            ? payload
            : throw new InvalidOperationException($"The payload was to have {size} bytes of JSON and has {written}.");
    }

    /// <summary>This payload as sent at a moment of the monotonic clock.</summary>
    internal Payload SentAt(long timestamp) => this with { Stamp = StampBase + timestamp };

    /// <summary>The moment given to <see cref="SentAt"/>.</summary>
    internal long Timestamp() => Stamp - StampBase;

    /// <summary>Its JSON.</summary>
    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    private static void Fill(Span<char> text)
    {
        const string Words = "the quick brown fox jumps over the lazy dog and ";
        for (var i = 0; i < text.Length; i++)
            text[i] = Words[i % Words.Length];
    }
}
