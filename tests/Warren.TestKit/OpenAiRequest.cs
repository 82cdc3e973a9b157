using System.Text.Json;

namespace Warren.TestKit;

/// <summary>What an <see cref="OpenAiServer"/> was asked.</summary>
/// <param name="Authorization">The header of that name; empty if there is none.</param>
/// <param name="Body">The body, if it is a chat.</param>
/// <param name="Form">The fields, if it is a transcription.</param>
/// <param name="File">The recording, if it is a transcription.</param>
public sealed record OpenAiRequest(string Authorization, JsonElement Body, IReadOnlyDictionary<string, string> Form, ReadOnlyMemory<byte> File)
{
    /// <summary>Whether it is a chat.</summary>
    public bool IsChat => Body.ValueKind == JsonValueKind.Object;

    /// <summary>Whether the answer is to come in parts.</summary>
    public bool IsStreamed => IsChat && Body.TryGetProperty("stream", out var stream) && stream.GetBoolean();

    /// <summary>The texts of the messages, in their order.</summary>
    public IReadOnlyList<string> Messages =>
        IsChat ? [.. Body.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("content").GetString() ?? "")] : [];
}
