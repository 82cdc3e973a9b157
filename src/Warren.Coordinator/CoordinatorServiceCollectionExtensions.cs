using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Warren.Coordinator;
using Warren.Coordinator.Hosting;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Contracts;
using Warren.Jobs.Worker;
using Warren.Messaging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the coordinator to an app that owns the store.</summary>
public static class CoordinatorServiceCollectionExtensions
{
    /// <summary>
    /// Keeps jobs in this app: takes them in over AMQP and from <see cref="IJobClient"/>, which here goes straight to the store. Needs a bus
    /// (<c>AddWarrenMessaging</c>).
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Names the store, which has no default, and the contracts.</param>
    /// <exception cref="ArgumentException">No store is named, or its address cannot be read.</exception>
    /// <exception cref="InvalidOperationException">It was called before: an app has one coordinator.</exception>
    public static IServiceCollection AddWarrenCoordinator(this IServiceCollection services, Action<CoordinatorBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        if (services.Any(service => service.ServiceType == typeof(Coordinator)))
            throw new InvalidOperationException("AddWarrenCoordinator was called twice; an app has one coordinator. Name the store and all contracts in one call.");
        var builder = new CoordinatorBuilder(services);
        configure(builder);
        var address = builder.Address ?? throw new ArgumentException("No store is named; UseSqlite, UsePostgres or UseStore was expected.", nameof(configure));

        services.AddOptions<CoordinatorOptions>().BindConfiguration("Warren:Coordinator").ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => address.Create(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Coordinator(
            provider.GetRequiredService<IJobStore>(),
            provider.GetRequiredService<IMessageBus>(),
            provider.GetServices<IJobContract>(),
            provider.GetRequiredService<IOptions<CoordinatorOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            address.IsSqlite ? session => provider.GetService<JobWorker>()?.Session == session : null));
        services.AddSingleton(provider => provider.GetRequiredService<Coordinator>().Jobs);
        services.AddHostedService<CoordinatorService>();
        services.RemoveAll<IJobClient>();
        services.AddSingleton<IJobClient, LocalJobClient>();
        return services;
    }
}
