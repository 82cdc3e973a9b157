using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Warren.AI.Chat;
using Warren.AI.Grading.Speaking;
using Warren.AI.Grading.Writing;
using Warren.AI.Grading.Writing.Chat;
using Warren.AI.Grading.Writing.Offline;
using Warren.Jobs.Hosting;

namespace Warren.AI.Grading;

/// <summary>Adds the grading of writing and speaking to a worker.</summary>
public static class GradingWorkerExtensions
{
    /// <summary>
    /// Does <c>grading.writing</c> and <c>grading.speaking</c>: with the OpenAI-compatible endpoint of <c>Warren:Chat</c> if there is one, else with
    /// the engines that run offline.
    /// </summary>
    /// <param name="worker">The worker.</param>
    /// <param name="configuration">The settings of the app, as in <see cref="GradingServiceCollectionExtensions.AddGradingSettings"/>.</param>
    public static WorkerBuilder AddGrading(this WorkerBuilder worker, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(worker);
        ArgumentNullException.ThrowIfNull(configuration);
        worker.Services.AddGradingSettings(configuration).AddChat().AddOfflineWriting();
        worker.Services.TryAddSingleton(TimeProvider.System);
        worker.Services.TryAddSingleton<ChatWritingGrader>();
        worker.Services.TryAddSingleton<IWritingGrader>(provider =>
            Chat(provider).IsConfigured ? provider.GetRequiredService<ChatWritingGrader>() : provider.GetRequiredService<OfflineWritingGrader>());
        worker.Services.TryAddSingleton<TranscriptionReader>();
        worker.Services.TryAddSingleton<PocketsphinxReader>();
        worker.Services.TryAddSingleton<ISpeechReader>(provider =>
            Chat(provider) is { IsConfigured: true, TranscriptionModel.Length: > 0 } ? provider.GetRequiredService<TranscriptionReader>() : provider.GetRequiredService<PocketsphinxReader>());
        worker.Services.AddSpeaking();
        return worker
            .Handle(GradingKinds.Writing, Configure).With<WritingGradingHandler>()
            .Handle(GradingKinds.Speaking, Configure).With<SpeakingGradingHandler>();
    }

    // Beyond what a slow endpoint or a long recording takes.
    private static void Configure(JobKindOptions options) => options.AttemptTimeout = TimeSpan.FromMinutes(10);

    private static ChatOptions Chat(IServiceProvider provider) => provider.GetRequiredService<IOptions<ChatOptions>>().Value;
}
