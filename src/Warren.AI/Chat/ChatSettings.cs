using Microsoft.Extensions.Configuration;

namespace Warren.AI.Chat;

/// <summary>Reads the settings of the endpoint, also under the names that OpenAI's own clients read.</summary>
internal static class ChatSettings
{
    /// <summary>Fills in the options; the names of Warren win.</summary>
    public static void Bind(ChatOptions options, IConfiguration configuration)
    {
        if (configuration["OPENAI_API_KEY"] is { Length: > 0 } key)
            options.ApiKey = key;
        if (configuration["OPENAI_BASE_URL"] is { Length: > 0 } url)
            options.Endpoint = new(url, UriKind.RelativeOrAbsolute);
        configuration.GetSection(ChatOptions.Section).Bind(options);
    }
}
