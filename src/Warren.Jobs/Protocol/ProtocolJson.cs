using System.Text.Json;

namespace Warren.Jobs.Protocol;

/// <summary>
/// Reads messages that anybody may have written. What a message must have is there when it has been read: null in its place would fail only
/// later, in the middle of a batch, and those who share the batch with it.
/// </summary>
internal static class ProtocolJson
{
    private static readonly JsonSerializerOptions Strict = Create();

    /// <summary>Reads a message.</summary>
    /// <exception cref="JsonException">It is not UTF-8, not JSON, or not such a message.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> body)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(JsonText.Readable(body).Span, Strict) ?? throw new JsonException("null was found; an object was expected.");
        }
        catch (NotSupportedException error)
        {
            // So says the library of an object that does not name its type.
            throw new JsonException(error.Message, error);
        }
    }

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JobJson.Options) { RespectNullableAnnotations = true };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
