using Microsoft.Extensions.Hosting;

namespace Warren.Coordinator.Hosting;

/// <summary>Starts and stops the coordinator with its host.</summary>
internal sealed class CoordinatorService(Coordinator coordinator) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => coordinator.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => coordinator.StopAsync(cancellationToken);
}
