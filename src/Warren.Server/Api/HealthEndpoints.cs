using System.Globalization;
using Microsoft.AspNetCore.Http;
using Warren.Coordinator;
using Warren.Messaging;

namespace Warren.Server.Api;

/// <summary>How the server is: for people and dashboards at <c>/health</c>, for machines that restart it or send it traffic at the other two.</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/health", "How the server and what it rests on are.", null, HealthAsync) { Answer = typeof(HealthView) },
        new("GET", "/health/live", "Whether the process lives.", null, call => call.AnswerAsync(new StatusView("healthy"))) { Answer = typeof(StatusView) },
        new("GET", "/health/ready", "Whether it takes requests: not before its store is open, and not while it stops.", null, ReadyAsync) { Answer = typeof(StatusView) },
    ];

    private static async Task HealthAsync(ApiCall call)
    {
        var services = call.Services;
        var bus = services.Bus.Health;
        var store = await IsStoreThereAsync(call);
        var states = new Dictionary<string, string>
        {
            ["api"] = Word(!services.Door.IsStopping),
            ["rabbitmq"] = bus.Status switch { BusStatus.Healthy => "healthy", BusStatus.Disabled => "unknown", _ => "unhealthy" },
            ["store"] = Word(store),
            ["coordinator"] = Word(services.Coordinator.IsConsuming),
            // Whoever has one says so; nothing here can look.
            ["gpu"] = "unknown",
        };
        await call.AnswerAsync(new HealthView(
            states.ContainsValue("unhealthy") ? "degraded" : "healthy",
            ServerSetup.Version,
            // As the system expects it that defined this answer: no zone, which is UTC.
            services.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff", CultureInfo.InvariantCulture),
            states,
            new(bus.Broker, bus.Description, services.Setup.IsBrokerEmbedded ? true : null, services.Setup.BrokerChosenBy),
            new(services.Coordinator.Store.Description, null, null, services.Setup.StoreChosenBy)));
    }

    private static async Task ReadyAsync(ApiCall call)
    {
        if (call.Services.Door.IsStopping)
            await call.AnswerAsync(new StatusView("stopping"), StatusCodes.Status503ServiceUnavailable);
        else if (call.Services.Door.IsDraining)
            await call.AnswerAsync(new StatusView("draining"), StatusCodes.Status503ServiceUnavailable);
        else if (!await IsStoreThereAsync(call))
            await call.AnswerAsync(new StatusView("store_unavailable"), StatusCodes.Status503ServiceUnavailable);
        else
            await call.AnswerAsync(new StatusView("healthy"));
    }

    private static async Task<bool> IsStoreThereAsync(ApiCall call)
    {
        using var patience = new CancellationTokenSource(Patience, call.Services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, call.Aborted);
        try
        {
            await call.Services.Coordinator.Store.ReadNoteAsync("health", either.Token);
            return true;
        }
        catch (Exception error) when (error is StoreUnavailableException or OperationCanceledException && !call.Aborted.IsCancellationRequested)
        {
            // That is the answer.
            return false;
        }
    }

    private static string Word(bool isWell) => isWell ? "healthy" : "unhealthy";
}

/// <summary>How the server is.</summary>
/// <param name="Status">healthy, or degraded if one of the services is unhealthy.</param>
/// <param name="Version">The version of Warren.</param>
/// <param name="Timestamp">The time, in UTC.</param>
/// <param name="Services">healthy, unhealthy or unknown, by service.</param>
/// <param name="Broker">The broker.</param>
/// <param name="Store">The store.</param>
internal sealed record HealthView(string Status, string Version, string Timestamp, IReadOnlyDictionary<string, string> Services, PartView Broker, PartView Store);

/// <summary>What a server rests on.</summary>
/// <param name="Address">Where it is, without a password.</param>
/// <param name="Description">How it is, in a sentence.</param>
/// <param name="Embedded">Whether it runs in the server's own process.</param>
/// <param name="ChosenBy">The setting that chose it.</param>
internal sealed record PartView(string Address, string? Description, bool? Embedded, string? ChosenBy);

/// <summary>One word on how things are.</summary>
internal sealed record StatusView(string Status);
