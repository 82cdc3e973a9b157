using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Warren.AI.Engines;
using Warren.AI.Guard;

namespace Warren.AI.Grading.Speaking;

/// <summary>Adds the grading of speaking to services.</summary>
internal static class SpeakingServiceCollectionExtensions
{
    /// <summary>Adds what <see cref="SpeakingGradingHandler"/> needs. It listens with pocketsphinx unless another <see cref="ISpeechReader"/> is there already.</summary>
    public static IServiceCollection AddSpeaking(this IServiceCollection services)
    {
        services.AddOptions<GradingOptions>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GradingOptions>, AudioHostsValidation>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new SpeechPrograms());
        services.TryAddSingleton(provider => new AddressGuard(provider.GetRequiredService<IOptions<GradingOptions>>().Value.AudioHosts));
        services.TryAddSingleton(provider => Download(provider.GetRequiredService<AddressGuard>(), provider.GetRequiredService<IOptions<GradingOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<AudioConverter>();
        services.TryAddSingleton<SpeechEngine>();
        services.TryAddSingleton<PronunciationAligner>();
        services.TryAddSingleton<ISpeechReader, PocketsphinxReader>();
        return services;
    }

    /// <summary>A download with the limits of these options.</summary>
    public static GuardedDownload Download(AddressGuard guard, GradingOptions options, TimeProvider time) =>
        new(guard, new DownloadLimits(options.MaxAudioBytes, options.AudioTimeout), time);
}
