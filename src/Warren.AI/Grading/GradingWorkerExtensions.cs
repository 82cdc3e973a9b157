using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Warren.AI.Chat;
using Warren.AI.Grading.Writing;
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
    /// <param name="configuration">The settings of the app: <c>Warren:Grading</c>, <c>Warren:Chat</c>, <c>OPENAI_API_KEY</c>, <c>OPENAI_BASE_URL</c>.</param>
    public static WorkerBuilder AddGrading(this WorkerBuilder worker, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(worker);
        ArgumentNullException.ThrowIfNull(configuration);
        worker.Services.AddOptions<GradingOptions>().Bind(configuration.GetSection(GradingOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        worker.Services.AddOptions<ChatOptions>().Configure(options => ChatSettings.Bind(options, configuration)).ValidateOnStart();
        return worker.Handle(GradingKinds.Writing, options => options.AttemptTimeout = TimeSpan.FromMinutes(5)).With<WritingGradingHandler>();
    }
}
