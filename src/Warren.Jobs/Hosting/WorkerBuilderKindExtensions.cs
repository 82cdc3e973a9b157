using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
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
        var read = ProcessKinds.Read(configuration, [TextStats.Kind.Name]);
        if (read.Count > 0 && !worker.Services.Any(service => service.ServiceType == typeof(ProcessEngines)))
        {
            worker.Services.AddSingleton(services => new ProcessEngines(
                services.GetServices<ProcessKind>(),
                services.GetService<TimeProvider>() ?? TimeProvider.System,
                services.GetService<ILogger<ProcessEngine>>() ?? NullLogger<ProcessEngine>.Instance));
            worker.Services.AddSingleton<IHostedService>(services => services.GetRequiredService<ProcessEngines>());
        }
        foreach (var (kind, options) in read)
        {
            worker.Services.AddSingleton(new ProcessKind(kind, options));
            worker.Add<JsonElement, JsonElement>(
                new(kind),
                how => (how.Concurrency, how.AttemptTimeout) = (options.Concurrency, options.AttemptTimeout),
                (services, args, job, cancellationToken) =>
                    new ProcessJobHandler(services.GetRequiredService<ProcessEngines>()[kind]).HandleAsync(args, job, cancellationToken));
        }
        return worker;
    }
}
