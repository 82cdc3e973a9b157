using System.Net;

namespace Warren.TestKit;

/// <summary>How an <see cref="OpenAiServer"/> answers a request.</summary>
public abstract record OpenAiAnswer
{
    private OpenAiAnswer()
    {
    }

    /// <summary>As a model that says this: at once, or in parts if it was asked to stream.</summary>
    /// <param name="Content">What it says.</param>
    public sealed record Completion(string Content) : OpenAiAnswer
    {
        /// <summary>The model that says it. The default is <c>test-model-1</c>.</summary>
        public string Model { get; init; } = "test-model-1";

        /// <summary>Why it stopped. The default is <c>stop</c>.</summary>
        public string FinishReason { get; init; } = "stop";

        /// <summary>What it says instead of an answer. The default is nothing.</summary>
        public string? Refusal { get; init; }

        /// <summary>Tokens read. The default is 100.</summary>
        public int InputTokens { get; init; } = 100;

        /// <summary>Tokens written. The default is 10.</summary>
        public int OutputTokens { get; init; } = 10;
    }

    /// <summary>With this body, whatever it is.</summary>
    /// <param name="Text">The body.</param>
    /// <param name="Status">The status. The default is 200.</param>
    /// <param name="ContentType">The default is JSON.</param>
    /// <param name="Headers">Other headers.</param>
    public sealed record Body(
        string Text, int Status = (int)HttpStatusCode.OK, string ContentType = "application/json", IReadOnlyDictionary<string, string>? Headers = null) : OpenAiAnswer;

    /// <summary>Not at all, until the client leaves.</summary>
    public sealed record Never : OpenAiAnswer;

    /// <summary>With the begin of a longer body; then the connection is closed.</summary>
    /// <param name="Text">The begin.</param>
    /// <param name="Status">The status. The default is 200.</param>
    public sealed record Cut(string Text, int Status = (int)HttpStatusCode.OK) : OpenAiAnswer;

    /// <summary>By a reset of the connection.</summary>
    public sealed record Closed : OpenAiAnswer;

    /// <summary>With an error.</summary>
    /// <param name="status">The status.</param>
    /// <param name="message">What it says.</param>
    /// <param name="retryAfter">The header of that name, if there is one.</param>
    public static OpenAiAnswer Error(int status, string message = "It cannot.", string? retryAfter = null) => new Body(
        System.Text.Json.JsonSerializer.Serialize(new { error = new { message, type = "error", code = (string?)null } }),
        status,
        Headers: retryAfter is null ? null : new Dictionary<string, string> { ["Retry-After"] = retryAfter });
}
