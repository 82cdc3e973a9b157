using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Warren.Jobs.Worker;
using Warren.Server;

namespace Warren.Cli.Serving;

/// <summary>
/// Stops the parts in the order in which they need each other: the host would close HTTP first, and those who watch would not see the end
/// of the jobs that still end.
/// </summary>
internal sealed class StopOrder(IServiceProvider services) : IHostedLifecycleService
{
    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        services.GetService<ServerDoor>()?.Close();
        if (services.GetService<JobWorker>() is { } worker)
            await worker.StopAsync(cancellationToken);
        if (services.GetService<Warren.Coordinator.Coordinator>() is { } coordinator)
            await coordinator.StopAsync(cancellationToken);
        services.GetService<ServerDoor>()?.EndStreams();
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
