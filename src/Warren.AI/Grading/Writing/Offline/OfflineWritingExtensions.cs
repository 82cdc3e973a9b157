using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Warren.AI.Engines;
using Warren.AI.Grading.Writing.Offline.Harper;

namespace Warren.AI.Grading.Writing.Offline;

/// <summary>Registers the offline grader of writing.</summary>
internal static class OfflineWritingExtensions
{
    /// <summary>Adds <see cref="OfflineWritingGrader"/> as itself; who chooses between graders gives it out as <see cref="IWritingGrader"/>.</summary>
    internal static IServiceCollection AddOfflineWriting(this IServiceCollection services)
    {
        services.TryAddSingleton(provider => new HarperPrograms(EnginesFolder.Of(provider.GetRequiredService<IOptions<GradingOptions>>().Value.EnginesDirectory)));
        return services.AddSingleton<HarperEngine>().AddSingleton<OfflineWritingGrader>();
    }
}
