using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Warren.Server;
using Warren.Server.Api;
using Warren.Server.Metrics;
using Warren.Server.Security;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Warren's HTTP side to an app.</summary>
public static class ServerServiceCollectionExtensions
{
    /// <summary>
    /// Adds what <c>MapWarren</c> serves. The app needs a bus (<c>AddWarrenMessaging</c>) and a coordinator (<c>AddWarrenCoordinator</c>). Settings
    /// are the section <c>Warren:Server</c>.
    /// </summary>
    /// <param name="services">The services of the app.</param>
    /// <param name="configure">Settings in code; they win over all others.</param>
    public static IServiceCollection AddWarrenServer(this IServiceCollection services, Action<ServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (configure is not null)
            services.PostConfigure(configure);
        if (services.Any(service => service.ServiceType == typeof(ServerDoor)))
            return services;
        services.AddOptions<ServerOptions>().BindConfiguration(ServerOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IPostConfigureOptions<ServerOptions>, ServerOptionsSetup>();
        services.AddSingleton<IValidateOptions<ServerOptions>, ServerOptionsSetup>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new ServerSetup());
        services.AddSingleton<ServerDoor>();
        services.AddSingleton<MeterRegistry>();
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<RequestGuard>();
        services.AddSingleton<ApiServices>();
        services.AddHostedService<OtlpExport>();
        services.AddHostedService<ServerLifetime>();
        return services;
    }
}
