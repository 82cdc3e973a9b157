using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Warren.Jobs;
using Warren.Jobs.Worker;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>What one server of a Warren has in hand, and emptying it before it is stopped or replaced.</summary>
internal static class DrainEndpoints
{
    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/v1/server", "What this server has in hand, and whether it leads.", Role.Viewer, ShowAsync) { Answer = typeof(ServerView) },
        new("POST", "/v1/drain", "Take no more jobs in and start no more of them here, or do so again; what runs goes on.", Role.Admin, DrainAsync)
        {
            Body = typeof(DrainRequest), Answer = typeof(ServerView),
        },
    ];

    private static async Task ShowAsync(ApiCall call)
    {
        call.Expect();
        await AnswerAsync(call);
    }

    private static async Task DrainAsync(ApiCall call)
    {
        call.Expect();
        if ((await call.ReadAsync<DrainRequest>()).Draining is not { } draining)
            throw new ProblemException("invalid_request", "draining is missing; true or false was expected.", "/draining");
        await call.AuditAsync(draining ? "server.drain" : "server.resume", Environment.MachineName);
        call.Services.Door.IsDraining = draining;
        Worker(call)?.Drain(draining);
        await AnswerAsync(call);
    }

    private static async Task AnswerAsync(ApiCall call)
    {
        var store = call.Services.Coordinator.Store;
        var messages = await store.CountMessagesAsync(call.Aborted);
        var jobs = await store.CountAsync(call.Aborted);
        await call.AnswerAsync(new ServerView(
            ServerSetup.Version,
            call.Services.Door.IsDraining,
            call.Services.Coordinator.IsLeader,
            Worker(call)?.InHand ?? 0,
            messages.Count,
            jobs.Where(count => count.State == JobState.Queued).Sum(count => count.Count),
            jobs.Where(count => count.State == JobState.Running).Sum(count => count.Count)));
    }

    // The worker of this process, if it has one.
    private static JobWorker? Worker(ApiCall call) => call.Http.RequestServices.GetServices<IHostedService>().OfType<JobWorker>().FirstOrDefault();
}

/// <summary>Whether a server is to be drained.</summary>
/// <param name="Draining">True takes no more jobs in; false does again.</param>
internal sealed record DrainRequest(bool? Draining);

/// <summary>A server, and what it has in hand.</summary>
/// <param name="Version">The version of Warren.</param>
/// <param name="Draining">Whether it is being drained.</param>
/// <param name="Leader">Whether its coordinator leads, as far as it knows.</param>
/// <param name="InHand">How many jobs its own worker runs or is about to.</param>
/// <param name="Unsent">How many messages of the store still have to be sent to the broker.</param>
/// <param name="Queued">How many jobs wait for a worker, this one or another.</param>
/// <param name="Running">How many jobs run, here or elsewhere.</param>
internal sealed record ServerView(
    string Version, bool Draining, bool Leader, [property: JsonPropertyName("in_hand")] int InHand, long Unsent, long Queued, long Running);
