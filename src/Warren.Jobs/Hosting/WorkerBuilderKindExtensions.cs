using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Warren.Jobs.Kinds;
using Warren.Jobs.Processes;

namespace Warren.Jobs.Hosting;

/// <summary>Adds kinds that come with Warren, and kinds that settings bind to programs.</summary>
public static class WorkerBuilderKindExtensions
{
    /// <summary>Does <c>text.stats</c>: the figures of a text.</summary>
    public static WorkerBuilder AddTextStats(this WorkerBuilder worker)
    {
        ArgumentNullException.ThrowIfNull(worker);
        return worker.Handle(TextStats.Kind).With<TextStatsHandler>();
    }

    /// <summary>
    /// Does the kinds that settings bind to a program, <c>Warren:Kinds:&lt;kind&gt;:Command</c>, by lines of JSON (docs/reference/process-engine.md).
    /// </summary>
    /// <param name="worker">The worker.</param>
    /// <param name="configuration">The settings of the app.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">A setting is wrong; the message names all that are.</exception>
    public static WorkerBuilder AddProcesses(this WorkerBuilder worker, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(worker);
        ArgumentNullException.ThrowIfNull(configuration);
        foreach (var (kind, options) in ProcessKinds.Read(configuration, [TextStats.Kind.Name]))
        {
            worker.Services.AddKeyedSingleton(kind, (services, _) => Start(services, kind, options));
            worker.Add<JsonElement, JsonElement>(
                new(kind),
                how => how.Concurrency = options.Concurrency,
                (services, args, job, cancellationToken) =>
                    new ProcessJobHandler(services.GetRequiredKeyedService<ProcessEngine>(kind)).HandleAsync(args, job, cancellationToken));
        }
        return worker;
    }

    private static ProcessEngine Start(IServiceProvider services, string kind, ProcessEngineOptions options)
    {
        var engine = new ProcessEngine(
            kind,
            options,
            services.GetService<TimeProvider>() ?? TimeProvider.System,
            services.GetService<ILoggerFactory>()?.CreateLogger("Warren.Jobs.Processes") ?? NullLogger.Instance);
        engine.Start();
        return engine;
    }
}
