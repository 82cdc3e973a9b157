using Microsoft.Extensions.DependencyInjection;
using Warren.AI.Grading.Writing.Offline.Harper;

namespace Warren.AI.Grading.Writing.Offline;

/// <summary>Registers the offline grader of writing.</summary>
internal static class OfflineWritingExtensions
{
    /// <summary>Adds <see cref="OfflineWritingGrader"/> as itself; who chooses between graders gives it out as <see cref="IWritingGrader"/>.</summary>
    internal static IServiceCollection AddOfflineWriting(this IServiceCollection services) =>
        services.AddSingleton<HarperEngine>().AddSingleton<OfflineWritingGrader>();
}
