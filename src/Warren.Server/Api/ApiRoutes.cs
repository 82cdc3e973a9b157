using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Warren.Jobs;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>Puts the routes among those of an app: each is guarded, and every refusal below the prefix is a problem in JSON.</summary>
internal static partial class ApiRoutes
{
    /// <summary>All routes.</summary>
    public static IReadOnlyList<ApiRoute> All { get; } =
    [
        .. SubmitEndpoints.Routes, .. JobEndpoints.Routes, .. EventStream.Routes, .. KindEndpoints.Routes, .. WorkerEndpoints.Routes, .. QueueEndpoints.Routes,
        .. DeadLetterEndpoints.Routes, .. KeyEndpoints.Routes, .. DrainEndpoints.Routes, .. HealthEndpoints.Routes, .. MetricsEndpoint.Routes, .. OpenApiDocument.Routes,
    ];

    /// <summary>Adds the routes below a prefix.</summary>
    public static RouteGroupBuilder Map(IEndpointRouteBuilder app, string prefix, ApiServices services)
    {
        var group = app.MapGroup(prefix);
        foreach (var pattern in All.GroupBy(route => PathParameter().Replace(route.Pattern, "{x}")))
        {
            foreach (var route in pattern)
                group.MapMethods(route.Pattern, [route.Method], http => ServeAsync(http, route, services, prefix)).WithDisplayName($"{route.Method} {prefix}{route.Pattern}");
            var allow = string.Join(", ", pattern.Select(route => route.Method));
            group.Map(pattern.Key, http => RefuseAsync(http, services, new("method_not_allowed", $"{http.Request.Method} is not a method of this route; {allow} was expected.") { Allow = allow }));
        }
        group.Map("{**rest}", http => RefuseAsync(http, services, new("route_not_found", $"There is no {http.Request.Method} {http.Request.Path}; {prefix}/openapi/v1.json lists what there is.")));
        return group;
    }

    /// <summary>Answers with a problem.</summary>
    public static Task AnswerAsync(HttpContext http, Problem problem)
    {
        if (http.Response.HasStarted)
        {
            // What was sent cannot be unsaid; the client sees that its answer is cut off.
            http.Abort();
            return Task.CompletedTask;
        }
        var (status, title) = Problems.All.GetValueOrDefault(problem.Code, (StatusCodes.Status422UnprocessableEntity, "The request is refused"));
        http.Response.Clear();
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        if (problem.RetryAfter is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (status == StatusCodes.Status401Unauthorized)
            http.Response.Headers.WWWAuthenticate = "Bearer";
        if (problem.Allow is { } allow)
            http.Response.Headers.Allow = allow;
        if (HttpMethods.IsHead(http.Request.Method))
            return Task.CompletedTask;
        var body = new ProblemView($"urn:warren:error:{problem.Code}", title, status, problem.Code, problem.Detail, problem.Pointer);
        return http.Response.BodyWriter.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(body, JobJson.Options), http.RequestAborted).AsTask();
    }

    private static Task RefuseAsync(HttpContext http, ApiServices services, Problem problem) => TryAsync(http, services, async () =>
    {
        await services.Guard.AdmitAsync(http, Role.Viewer);
        throw new ProblemException(problem);
    });

    private static Task ServeAsync(HttpContext http, ApiRoute route, ApiServices services, string prefix) => TryAsync(http, services, async () =>
    {
        var caller = await services.Guard.AdmitAsync(http, route.Role);
        if (route.IsWrite)
            RequestGuard.CheckBody(http);
        await route.HandleAsync(new(http, services, prefix, caller));
    });

    private static async Task TryAsync(HttpContext http, ApiServices services, Func<Task> serveAsync)
    {
        try
        {
            http.Response.Headers.CacheControl = "no-store";
            http.Response.Headers.XContentTypeOptions = "nosniff";
            await serveAsync();
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; there is nobody to answer.
        }
        catch (Exception error)
        {
            // One request fails; the server goes on.
            if (Problems.Of(error) is not { } problem)
            {
                Log.Failed(services.Logger, http.Request.Method, http.GetEndpoint()?.DisplayName ?? "", error);
                problem = new("internal_error", "The server could not do it; its log says why.");
            }
            await AnswerAsync(http, problem);
        }
    }

    /// <summary>A part of a pattern that stands for any text.</summary>
    [GeneratedRegex(@"\{(\w+)\}")]
    public static partial Regex PathParameter();

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Method} {Route} failed")]
        public static partial void Failed(ILogger logger, string method, string route, Exception error);
    }
}

/// <summary>A problem as it is written (RFC 9457 §3).</summary>
/// <param name="Type">A name for the kind of problem.</param>
/// <param name="Title">The kind of problem in words.</param>
/// <param name="Status">The status of the answer.</param>
/// <param name="Code">The word for programs.</param>
/// <param name="Detail">What was found, and what was expected.</param>
/// <param name="Pointer">Where in the body.</param>
internal sealed record ProblemView(string Type, string Title, int Status, string Code, string Detail, string? Pointer);
