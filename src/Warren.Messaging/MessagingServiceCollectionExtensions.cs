using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Warren.Messaging;
using Warren.Messaging.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Warren's messaging to an application.</summary>
public static class MessagingServiceCollectionExtensions
{
    /// <summary>
    /// Adds the <see cref="IMessageBus"/> of the application, a singleton that connects when the host starts. Its settings are section
    /// <c>Warren:Messaging</c> and the names of docs/reference/configuration.md. Calling it again adds to the same bus.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Settings in code; they win over all others.</param>
    public static MessagingBuilder AddWarrenMessaging(this IServiceCollection services, Action<MessagingOptions>? configure = null) =>
        Add(services, key: null, configure);

    /// <summary>
    /// Adds a bus of its own, a singleton for <see cref="FromKeyedServicesAttribute"/>. Its settings are section
    /// <c>Warren:Buses:&lt;key&gt;</c>. Calling it again with the same key adds to the same bus.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="key">The key of the bus.</param>
    /// <param name="configure">Settings in code; they win over all others.</param>
    public static MessagingBuilder AddKeyedWarrenMessaging(this IServiceCollection services, string key, Action<MessagingOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        return Add(services, key, configure);
    }

    /// <summary>Adds a health check of the bus. Connected and consuming is healthy, and so is messaging that is switched off.</summary>
    /// <param name="builder">The health checks of the application.</param>
    /// <param name="name">The name of the check.</param>
    /// <param name="failureStatus">What a lost connection is reported as. The default is unhealthy.</param>
    /// <param name="tags">Tags to choose checks by.</param>
    public static IHealthChecksBuilder AddWarrenMessaging(
        this IHealthChecksBuilder builder, string name = "warren-messaging", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null) =>
        AddCheck(builder, key: null, name, failureStatus, tags);

    /// <summary>Adds a health check of a keyed bus.</summary>
    /// <param name="builder">The health checks of the application.</param>
    /// <param name="key">The key of the bus.</param>
    /// <param name="name">The name of the check. The default is <c>warren-messaging-&lt;key&gt;</c>.</param>
    /// <param name="failureStatus">What a lost connection is reported as. The default is unhealthy.</param>
    /// <param name="tags">Tags to choose checks by.</param>
    public static IHealthChecksBuilder AddKeyedWarrenMessaging(
        this IHealthChecksBuilder builder, string key, string? name = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        return AddCheck(builder, key, name ?? $"warren-messaging-{key}", failureStatus, tags);
    }

    private static MessagingBuilder Add(IServiceCollection services, string? key, Action<MessagingOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        var registration = services.Select(service => service.IsKeyedService ? null : service.ImplementationInstance)
            .OfType<MessagingRegistration>()
            .FirstOrDefault(existing => existing.Key == key);
        if (registration is null)
        {
            registration = new MessagingRegistration(key);
            services.AddSingleton(registration);
            AddBus(services, registration);
        }

        if (configure is not null)
            services.Configure(registration.Name, configure);
        return new MessagingBuilder(services, registration);
    }

    private static void AddBus(IServiceCollection services, MessagingRegistration registration)
    {
        var name = registration.Name;
        services.AddOptions<MessagingOptions>(name).ValidateOnStart();
        services.AddKeyedSingleton(name, (provider, _) => new MessagingOptionsSetup(registration, provider.GetService<IConfiguration>()));
        // First of all, so that every Configure of the application comes after what is configured, wherever it was called.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<MessagingOptions>>(Setup));
        services.AddSingleton<IPostConfigureOptions<MessagingOptions>>(Setup);
        services.AddSingleton<IValidateOptions<MessagingOptions>>(Setup);

        services.AddKeyedSingleton(name, (provider, _) => new MessageBusFactory(
            registration, provider.GetRequiredService<IOptionsMonitor<MessagingOptions>>(), Setup(provider), Loggers(provider), Time(provider)));
        if (registration.Key is null)
            services.TryAddSingleton(provider => Factory(provider, name).Create());
        else
            services.TryAddKeyedSingleton(registration.Key, (provider, _) => Factory(provider, name).Create());

        services.AddKeyedSingleton(name, (provider, _) => new MessagingHostedService(
            registration, () => Bus(provider, registration.Key), Factory(provider, name), provider, Time(provider),
            Loggers(provider).CreateLogger<MessagingHostedService>()));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<MessagingHostedService>(name));

        MessagingOptionsSetup Setup(IServiceProvider provider) => provider.GetRequiredKeyedService<MessagingOptionsSetup>(name);
    }

    private static IHealthChecksBuilder AddCheck(
        IHealthChecksBuilder builder, string? key, string name, HealthStatus? failureStatus, IEnumerable<string>? tags)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name,
            provider => new MessagingHealthCheck(
                Bus(provider, key), provider.GetRequiredKeyedService<MessagingHostedService>(key ?? ""), Factory(provider, key ?? "")),
            failureStatus,
            tags));
    }

    private static IMessageBus Bus(IServiceProvider provider, string? key) =>
        key is null ? provider.GetRequiredService<IMessageBus>() : provider.GetRequiredKeyedService<IMessageBus>(key);

    private static MessageBusFactory Factory(IServiceProvider provider, string name) => provider.GetRequiredKeyedService<MessageBusFactory>(name);

    private static ILoggerFactory Loggers(IServiceProvider provider) => provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;

    private static TimeProvider Time(IServiceProvider provider) => provider.GetService<TimeProvider>() ?? TimeProvider.System;
}
