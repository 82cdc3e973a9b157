using System.Text.Json;
using System.Text.Json.Serialization;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>The workers that have said that they live.</summary>
internal static class WorkerEndpoints
{
    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/v1/workers", "The workers, and how they are.", Role.Viewer, ListAsync) { Answer = typeof(WorkerList) },
    ];

    /// <summary>How a worker is, by the time of its last renewal. For people: whose jobs are given to others, the leader decides by its own watch.</summary>
    public static WorkerStatus StatusOf(SessionRecord session, ApiServices services)
    {
        // It renews three times in a lease.
        var age = services.Time.GetUtcNow() - session.RenewedAt;
        return age < services.Limits.Lease * 2 / 3 ? WorkerStatus.Alive : age < services.Limits.Lease + services.Limits.Grace ? WorkerStatus.Late : WorkerStatus.Unknown;
    }

    private static async Task ListAsync(ApiCall call)
    {
        call.Expect();
        var sessions = await call.Services.Coordinator.Store.ListSessionsAsync(call.Aborted);
        await call.AnswerAsync(new WorkerList([.. sessions.OrderBy(session => session.BegunAt).Select(session => View(session, call.Services))]));
    }

    private static WorkerView View(SessionRecord session, ApiServices services)
    {
        var worker = session.Description is null ? null : JsonSerializer.Deserialize<WorkerDescription>(session.Description, JobJson.Options);
        return new(
            session.Session, worker?.Name, worker?.Version, StatusOf(session, services), worker?.Slots ?? 0, session.Running,
            [.. (worker?.Kinds ?? []).Select(kind => kind.Kind)], session.BegunAt, session.RenewedAt);
    }
}

/// <summary>The workers.</summary>
internal sealed record WorkerList(IReadOnlyList<WorkerView> Workers);

/// <summary>A worker.</summary>
/// <param name="Session">This run of it.</param>
/// <param name="Name">Its name; none if it has not said it yet.</param>
/// <param name="Version">What it runs.</param>
/// <param name="Status">How it is.</param>
/// <param name="Slots">How many jobs it runs at once.</param>
/// <param name="Running">How many it runs.</param>
/// <param name="Kinds">What it does.</param>
/// <param name="BegunAt">Since when.</param>
/// <param name="RenewedAt">When it said so last.</param>
internal sealed record WorkerView(
    string Session, string? Name, string? Version, WorkerStatus Status, int Slots, int Running, IReadOnlyList<string> Kinds, DateTimeOffset BegunAt, DateTimeOffset RenewedAt);

/// <summary>How a worker is.</summary>
[JsonConverter(typeof(WorkerStatusConverter))]
internal enum WorkerStatus
{
    /// <summary>It has renewed its session lately.</summary>
    Alive,

    /// <summary>It should have renewed its session.</summary>
    Late,

    /// <summary>Its lease is over; its jobs are, or will be, given to others.</summary>
    Unknown,
}

/// <summary>Statuses in JSON.</summary>
internal sealed class WorkerStatusConverter() : JsonStringEnumConverter<WorkerStatus>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);
