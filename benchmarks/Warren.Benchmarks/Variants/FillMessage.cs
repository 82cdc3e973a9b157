using Warren.Benchmarks.Payloads;

namespace Warren.Benchmarks.Variants;

/// <summary>The message a queue is filled with before it is consumed.</summary>
/// <param name="Body">The bytes.</param>
/// <param name="ContentType">Their media type.</param>
internal sealed record FillMessage(ReadOnlyMemory<byte> Body, string ContentType)
{
    /// <summary>The payload as plain JSON.</summary>
    public static FillMessage Json(int size) => new(Payload.OfSize(size).ToJson(), "application/json");
}
