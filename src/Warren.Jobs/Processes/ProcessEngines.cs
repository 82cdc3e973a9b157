using System.Collections.Frozen;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Warren.Jobs.Processes;

/// <summary>The engines of an app: they start with its host, and end after everything that hands them jobs has stopped.</summary>
internal sealed class ProcessEngines(
    IEnumerable<ProcessKind> kinds, TimeProvider time, ILogger<ProcessEngine> logger) : IHostedLifecycleService
{
    private readonly FrozenDictionary<string, ProcessEngine> _engines =
        kinds.ToFrozenDictionary(kind => kind.Kind, kind => new ProcessEngine(kind.Kind, kind.Options, time, logger), StringComparer.Ordinal);

    /// <summary>The engine of a kind.</summary>
    public ProcessEngine this[string kind] => _engines[kind];

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var engine in _engines.Values)
            engine.Start();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Nothing: the worker, whatever its place in the order of services, may still run jobs here.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Lets all processes go; when there is no more time, kills them.</summary>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await using var hurry = cancellationToken.Register(() =>
        {
            foreach (var engine in _engines.Values)
                engine.Kill();
        });
        await Task.WhenAll(_engines.Values.Select(engine => engine.DisposeAsync().AsTask()));
    }
}

/// <summary>A kind that is run by a program.</summary>
/// <param name="Kind">Its name.</param>
/// <param name="Options">The program, and how it is run.</param>
internal sealed record ProcessKind(string Kind, ProcessEngineOptions Options);
