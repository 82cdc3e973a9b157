using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Warren.AI.Chat;

namespace Warren.AI.Grading.Speaking;

/// <summary>Registers transcripts by the endpoint.</summary>
internal static class TranscriptionServices
{
    /// <summary>Adds the endpoint, and it as the <see cref="ISpeechReader"/> unless there is one already.</summary>
    public static IServiceCollection AddTranscription(this IServiceCollection services)
    {
        services.AddChat().TryAddSingleton<ISpeechReader, TranscriptionReader>();
        return services;
    }
}
