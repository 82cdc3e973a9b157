using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Warren.AI.Chat;

/// <summary>Reads what an endpoint answers. What is missing, or of another form than OpenAI's, is left out.</summary>
internal static class ChatReply
{
    /// <summary>A whole answer; null if it is not one. One without any choice has no message, but what it has cost.</summary>
    public static ChatResponse? Read(JsonElement json)
    {
        var choice = Choice(json);
        var usage = Usage(json);
        if (choice is null && usage is null)
            return null;
        var response = new ChatResponse
        {
            ResponseId = Text(json, "id"),
            ModelId = Text(json, "model"),
            CreatedAt = Created(json),
            FinishReason = Finish(choice),
            Usage = usage,
        };
        if (choice is { } chosen && chosen.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object)
            response.Messages.Add(new(ChatRole.Assistant, Contents(message)) { MessageId = response.ResponseId });
        return response;
    }

    /// <summary>A part of an answer.</summary>
    public static ChatResponseUpdate ReadPart(JsonElement json)
    {
        var choice = Choice(json);
        var contents = choice is { } chosen && chosen.TryGetProperty("delta", out var delta) && delta.ValueKind == JsonValueKind.Object ? Contents(delta) : [];
        if (Usage(json) is { } usage)
            contents.Add(new UsageContent(usage));
        return new(ChatRole.Assistant, contents)
        {
            ResponseId = Text(json, "id"),
            MessageId = Text(json, "id"),
            ModelId = Text(json, "model"),
            CreatedAt = Created(json),
            FinishReason = Finish(choice),
        };
    }

    /// <summary>What it has cost, under OpenAI's older names or its newer ones; null if it does not say.</summary>
    public static UsageDetails? Usage(JsonElement json)
    {
        if (!json.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object)
            return null;
        var input = Tokens(usage, "prompt_tokens") ?? Tokens(usage, "input_tokens");
        var output = Tokens(usage, "completion_tokens") ?? Tokens(usage, "output_tokens");
        return input is null && output is null
            ? null
            : new() { InputTokenCount = input ?? 0, OutputTokenCount = output ?? 0, TotalTokenCount = (input ?? 0) + (output ?? 0) };
    }

    private static JsonElement? Choice(JsonElement json) =>
        json.TryGetProperty("choices", out var choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() > 0
        && choices[0].ValueKind == JsonValueKind.Object ? choices[0] : null;

    private static List<AIContent> Contents(JsonElement message)
    {
        List<AIContent> contents = [];
        if (message.TryGetProperty("content", out var content))
        {
            if (content.ValueKind == JsonValueKind.String)
                contents.Add(new TextContent(content.GetString()));
            else if (content.ValueKind == JsonValueKind.Array)
                contents.AddRange(content.EnumerateArray().Where(part => part.ValueKind == JsonValueKind.Object).Select(part => Text(part, "text")).OfType<string>().Select(text => new TextContent(text)));
        }
        if (Text(message, "refusal") is { Length: > 0 } refusal)
            contents.Add(new ErrorContent(refusal) { ErrorCode = "refusal" });
        return contents;
    }

    private static ChatFinishReason? Finish(JsonElement? choice) =>
        choice is { } chosen && Text(chosen, "finish_reason") is { Length: > 0 } reason ? new ChatFinishReason(reason) : null;

    private static DateTimeOffset? Created(JsonElement json) =>
        json.TryGetProperty("created", out var created) && created.ValueKind == JsonValueKind.Number && created.TryGetInt64(out var seconds)
        && seconds is > 0 and < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Tokens(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var tokens) && tokens >= 0 ? tokens : null;
}
