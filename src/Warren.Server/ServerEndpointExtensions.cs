using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Warren.Server;
using Warren.Server.Api;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Gives Warren's HTTP side a place among the routes of an app.</summary>
public static class ServerEndpointExtensions
{
    /// <summary>
    /// Serves Warren below a prefix: every path there is Warren's. It guards itself, by API keys or, without any, by serving its own machine only.
    /// </summary>
    /// <param name="endpoints">The routes of the app.</param>
    /// <param name="prefix">Where it begins, as in <c>/warren</c>. The default is the root.</param>
    /// <exception cref="InvalidOperationException"><c>AddWarrenServer</c> or <c>AddWarrenCoordinator</c> was not called.</exception>
    public static IEndpointConventionBuilder MapWarren(this IEndpointRouteBuilder endpoints, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        var root = prefix.TrimEnd('/');
        if (root.Length > 0 && (root[0] != '/' || root.AsSpan().ContainsAny("{}?#")))
            throw new ArgumentException($"The prefix is '{prefix}'; a path such as /warren was expected.", nameof(prefix));
        foreach (var (needed, call) in new[] { (typeof(ServerDoor), "AddWarrenServer()"), (typeof(JobCoordinator), "AddWarrenCoordinator(c => c.UseSqlite(…))") })
        {
            if (endpoints.ServiceProvider.GetRequiredService<IServiceProviderIsService>() is { } known && !known.IsService(needed))
                throw new InvalidOperationException($"MapWarren needs services.{call}, which was not called.");
        }
        return ApiRoutes.Map(endpoints, root, endpoints.ServiceProvider.GetRequiredService<ApiServices>());
    }
}
