namespace Warren.AI.Chat;

/// <summary>An OpenAI-compatible endpoint: the settings below <c>Warren:Chat</c>.</summary>
public sealed class ChatOptions
{
    /// <summary>The section of settings.</summary>
    public const string Section = "Warren:Chat";

    /// <summary>The base URL, up to and with <c>/v1</c>; also <c>OPENAI_BASE_URL</c>. The default is OpenAI's own, if there is a key.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>The key; also <c>OPENAI_API_KEY</c>. The default is none. Endpoints of one's own may need none.</summary>
    public string? ApiKey { get; set; }

    /// <summary>The model that grades. The default is <c>gpt-4o-mini</c>.</summary>
    public string Model { get; set; } = "gpt-4o-mini";

    /// <summary>The model that transcribes speech. The default is <c>whisper-1</c>; empty to transcribe offline.</summary>
    public string TranscriptionModel { get; set; } = "whisper-1";

    /// <summary>How freely the model chooses its words, 0 to 2. The default is 0; null, or empty, for models that take no temperature.</summary>
    public float? Temperature { get; set; } = 0;

    /// <summary>How long one call may take. The default is 2 minutes.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether there is an endpoint to speak to.</summary>
    public bool IsConfigured => Endpoint is not null || !string.IsNullOrEmpty(ApiKey);
}
