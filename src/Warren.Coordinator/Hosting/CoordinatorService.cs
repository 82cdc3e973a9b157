using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Warren.Jobs.Worker;

namespace Warren.Coordinator.Hosting;

/// <summary>Starts and stops the coordinator with its host. The kinds of a worker in the same host are known from the start, so that the app may submit at once.</summary>
internal sealed class CoordinatorService(Coordinator coordinator, IServiceProvider services) : IHostedService
{
    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await coordinator.StartAsync(cancellationToken);
        if (services.GetService<JobWorker>() is { } worker)
            await coordinator.Kinds.LearnAsync(worker.Kinds, cancellationToken);
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => coordinator.StopAsync(cancellationToken);
}
