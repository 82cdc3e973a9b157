using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Warren.Server;

/// <summary>
/// Stops an app's Warren in order, while HTTP is still served: not ready, no job is taken in, the worker gives back what it does not finish,
/// the coordinator folds and sends what there is, the event streams end. Then the listener closes, by itself.
/// </summary>
/// <remarks>Otherwise the listener would close first, and clients would hear nothing of what the last jobs come to.</remarks>
internal sealed partial class ServerLifetime(ServerDoor door, IServiceProvider services, ILogger<ServerLifetime> logger) : IHostedLifecycleService
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
        door.Close();
        Log.Closed(logger);
        var parts = services.GetServices<IHostedService>().ToList();
        foreach (var part in parts.Where(part => part.GetType().Namespace == "Warren.Jobs.Worker").Concat(parts.Where(part => part is Coordinator.Hosting.CoordinatorService)))
        {
            try
            {
                await part.StopAsync(cancellationToken);
            }
            catch (Exception error)
            {
                // The others stop all the same; what was not done here is found by the next start.
                Log.NotStopped(logger, part.GetType().Name, error);
            }
        }
        door.EndStreams();
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The server stops: it is not ready any more and takes no jobs in")]
        public static partial void Closed(ILogger logger);

        [LoggerMessage(LogLevel.Error, "{Part} did not stop in order")]
        public static partial void NotStopped(ILogger logger, string part, Exception error);
    }
}
