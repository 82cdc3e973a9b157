using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
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
    /// <param name="configuration">The settings of the app, as in <see cref="GradingServiceCollectionExtensions.AddGradingSettings"/>.</param>
    public static WorkerBuilder AddGrading(this WorkerBuilder worker, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(worker);
        ArgumentNullException.ThrowIfNull(configuration);
        worker.Services.AddGradingSettings(configuration);
        return worker.Handle(GradingKinds.Writing, options => options.AttemptTimeout = TimeSpan.FromMinutes(5)).With<WritingGradingHandler>();
    }
}
