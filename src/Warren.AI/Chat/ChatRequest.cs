using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Warren.AI.Chat;

/// <summary>Writes chats as the endpoint reads them.</summary>
internal static class ChatRequest
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A request in JSON.</summary>
    /// <exception cref="NotSupportedException">There is something in it besides text, or tools.</exception>
    public static BinaryData Write(IEnumerable<ChatMessage> messages, Microsoft.Extensions.AI.ChatOptions? options, string model, bool stream)
    {
        if (options?.Tools is { Count: > 0 })
            throw new NotSupportedException($"The chat has {options.Tools.Count} tools; this client sends text alone.");
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            json.WriteString("model", options?.ModelId ?? model);
            json.WriteStartArray("messages");
            if (options?.Instructions is { Length: > 0 } instructions)
                WriteMessage(json, ChatRole.System, instructions);
            foreach (var message in messages)
                WriteMessage(json, message.Role, Text(message));
            json.WriteEndArray();
            if (options is not null)
                WriteOptions(json, options);
            if (stream)
            {
                json.WriteBoolean("stream", true);
                json.WriteStartObject("stream_options");
                json.WriteBoolean("include_usage", true);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return new(buffer.WrittenMemory);
    }

    private static void WriteMessage(Utf8JsonWriter json, ChatRole role, string text)
    {
        json.WriteStartObject();
        json.WriteString("role", role.Value);
        json.WriteString("content", text);
        json.WriteEndObject();
    }

    private static string Text(ChatMessage message)
    {
        if (message.Role == ChatRole.Tool || message.Contents.FirstOrDefault(content => content is not TextContent) is not null)
            throw new NotSupportedException($"A message of {message.Role} has more than text; this client sends text alone.");
        return message.Text;
    }

    private static void WriteOptions(Utf8JsonWriter json, Microsoft.Extensions.AI.ChatOptions options)
    {
        Write("temperature", options.Temperature);
        Write("top_p", options.TopP);
        Write("frequency_penalty", options.FrequencyPenalty);
        Write("presence_penalty", options.PresencePenalty);
        if (options.MaxOutputTokens is { } most)
            json.WriteNumber("max_completion_tokens", most);
        if (options.Seed is { } seed)
            json.WriteNumber("seed", seed);
        if (options.StopSequences is { Count: > 0 } stops)
        {
            json.WriteStartArray("stop");
            foreach (var stop in stops)
                json.WriteStringValue(stop);
            json.WriteEndArray();
        }
        if (options.ResponseFormat is ChatResponseFormatJson format)
            WriteFormat(json, format);

        void Write(string name, float? value)
        {
            if (value is { } number)
                json.WriteNumber(name, number);
        }
    }

    private static void WriteFormat(Utf8JsonWriter json, ChatResponseFormatJson format)
    {
        json.WriteStartObject("response_format");
        json.WriteString("type", format.Schema is null ? "json_object" : "json_schema");
        if (format.Schema is { } schema)
        {
            json.WriteStartObject("json_schema");
            json.WriteString("name", format.SchemaName ?? "answer");
            if (format.SchemaDescription is { } description)
                json.WriteString("description", description);
            json.WriteBoolean("strict", true);
            json.WritePropertyName("schema");
            schema.WriteTo(json);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }
}
