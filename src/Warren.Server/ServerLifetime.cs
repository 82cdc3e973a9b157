using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Warren.Coordinator.Hosting;
using Warren.Jobs.Worker;
using Warren.Server.Security;

namespace Warren.Server;

/// <summary>
/// Looks before the start whether strangers could reach what nobody guards, and stops an app's Warren in order, while HTTP is still served: not ready, no job is taken in, the worker gives back what it does not finish,
/// the coordinator folds and sends what there is, the event streams end. Then the listener closes, by itself.
/// </summary>
/// <remarks>Otherwise the listener would close first, and clients would hear nothing of what the last jobs come to.</remarks>
internal sealed partial class ServerLifetime(
    ServerDoor door, ApiKeys keys, IOptions<ServerOptions> options, IServiceProvider services, ILogger<ServerLifetime> logger) : IHostedLifecycleService
{
    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var listen = options.Value.Listen;
        if (ServerOptionsSetup.TryReadListen(listen, out var endPoint) && !RequestGuard.IsLoopback(endPoint.Address) && !await keys.ExistAsync(cancellationToken))
        {
            throw new OptionsValidationException(
                nameof(ServerOptions),
                typeof(ServerOptions),
                [$"{ServerOptions.Section}:Listen is {listen}, which other machines reach, and there is no API key: set Warren__Server__AdminKey, or listen on 127.0.0.1 and make a key with `warren keys create --role admin NAME` first."]);
        }
    }

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        door.Close();
        Log.Closed(logger);
        var parts = services.GetServices<IHostedService>().ToList();
        foreach (var part in parts.Where(part => part is JobWorker).Concat(parts.Where(part => part is CoordinatorService)))
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
