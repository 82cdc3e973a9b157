using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Warren.Jobs;
using Warren.Jobs.Hosting;
using Warren.Jobs.Worker;
using Warren.Messaging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Warren's jobs to an application.</summary>
public static class JobsServiceCollectionExtensions
{
    /// <summary>Adds the <see cref="IJobClient"/> of the application over its <see cref="IMessageBus"/>, unless there is one already.</summary>
    /// <param name="services">The services of the application; <c>AddWarrenMessaging</c> adds the bus.</param>
    public static IServiceCollection AddWarrenJobs(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<IJobClient>(provider => new JobClient(provider.GetRequiredService<IMessageBus>(), Time(provider)));
        return services;
    }

    /// <summary>
    /// Adds the worker of the application: it starts and stops with the host, and does the kinds that are given to the builder. Calling it
    /// again adds to the same worker. Its settings are the sections <c>Warren:Worker</c> and <c>Warren:Kinds</c>.
    /// </summary>
    /// <param name="services">The services of the application; <c>AddWarrenMessaging</c> adds the bus.</param>
    /// <param name="configure">Settings in code; they win over all others.</param>
    public static WorkerBuilder AddWarrenWorker(this IServiceCollection services, Action<WorkerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (!services.Any(service => service.ServiceType == typeof(JobWorker)))
        {
            services.AddSingleton(provider => new WorkerSettings(provider.GetService<IConfiguration>()));
            services.AddOptions<WorkerOptions>().ValidateOnStart();
            // First of all, so that what is set in code comes after what is configured, wherever it was called.
            services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<WorkerOptions>>(provider =>
                new ConfigureNamedOptions<WorkerOptions>(Options.Options.DefaultName, provider.GetRequiredService<WorkerSettings>().Bind)));
            services.AddSingleton<IValidateOptions<WorkerOptions>>(provider =>
                new WorkerValidation(provider.GetRequiredService<WorkerSettings>(), provider.GetServices<JobRegistration>()));
            services.AddSingleton(provider => new JobWorker(
                provider.GetRequiredService<IMessageBus>(), provider.GetServices<JobRegistration>(), provider.GetRequiredService<IOptions<WorkerOptions>>(),
                provider, Time(provider), provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance));
            services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<JobWorker>());
        }

        if (configure is not null)
            services.Configure(configure);
        return new WorkerBuilder(services);
    }

    private static TimeProvider Time(IServiceProvider provider) => provider.GetService<TimeProvider>() ?? TimeProvider.System;
}
