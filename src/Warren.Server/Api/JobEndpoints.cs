using System.Text.Json;
using Warren.Jobs;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>Looking at jobs, canceling them, trying them again.</summary>
internal static class JobEndpoints
{
    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/v1/jobs", "List jobs, newest first.", Role.Viewer, ListAsync)
        {
            Answer = typeof(JobPage), Query = ["state", "kind", "owner", "external_id", "limit", "cursor"],
        },
        new("GET", "/v1/jobs/{id}", "A job as it stands.", Role.Viewer, ShowAsync) { Answer = typeof(Job) },
        new("GET", "/v1/jobs/{id}/result", "The result of a job that has succeeded.", Role.Viewer, ResultAsync),
        new("POST", "/v1/jobs/{id}/cancel", "Cancel a job: at once if it waits, else its handler is asked to stop.", Role.Submitter, CancelAsync)
        {
            MayBeEmpty = true, Answer = typeof(Job),
        },
        new("POST", "/v1/jobs/{id}/retry", "Give a job that failed, was canceled or expired another try.", Role.Submitter, RetryAsync)
        {
            MayBeEmpty = true, Answer = typeof(Job),
        },
    ];

    /// <summary>A job as clients see it, with where to go on.</summary>
    public static Job View(ApiCall call, Job job) => job with
    {
        ResultUrl = job.State == JobState.Succeeded ? $"{call.Root}/v1/jobs/{job.Id}/result" : null,
        EventsUrl = $"{call.Root}/v1/jobs/{job.Id}/events",
    };

    private static async Task ListAsync(ApiCall call)
    {
        call.Expect("state", "kind", "owner", "external_id", "limit", "cursor");
        var states = new List<JobState>();
        foreach (var name in call.Http.Request.Query["state"].SelectMany(value => (value ?? "").Split(',')))
        {
            states.Add(Enum.GetValues<JobState>().FirstOrDefault(state => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString()) == name, (JobState)(-1)));
            if ((int)states[^1] == -1)
            {
                throw new ProblemException(
                    "invalid_request", $"state is '{name}'; one of {string.Join(", ", Enum.GetNames<JobState>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName))} was expected.");
            }
        }
        var filter = new JobFilter
        {
            States = states.Count == 0 ? null : states,
            Kind = call.Query("kind"),
            Owner = call.Query("owner"),
            ExternalId = call.Query("external_id"),
            Cursor = call.Query("cursor"),
            Limit = call.Number("limit", 50, 1, 200),
        };
        var page = await call.Services.Coordinator.Jobs.ListAsync(filter, call.Aborted);
        if (page.Next is { } next)
            call.Http.Response.Headers.Link = $"<{call.Root}/v1/jobs{WithCursor(call, next)}>; rel=\"next\"";
        await call.AnswerAsync(page with { Jobs = [.. page.Jobs.Select(job => View(call, job))] });
    }

    private static string WithCursor(ApiCall call, string cursor)
    {
        var query = call.Http.Request.Query.Where(pair => pair.Key != "cursor").SelectMany(pair => pair.Value.Select(value => $"{pair.Key}={Uri.EscapeDataString(value ?? "")}"));
        return "?" + string.Join('&', query.Append($"cursor={cursor}"));
    }

    private static async Task ShowAsync(ApiCall call)
    {
        call.Expect();
        var id = call.Id();
        var job = await call.Services.Coordinator.Jobs.GetAsync(id, call.Aborted) ?? throw NotFound(id);
        await call.AnswerAsync(View(call, job));
    }

    private static async Task ResultAsync(ApiCall call)
    {
        call.Expect();
        await call.AnswerJsonAsync(await call.Services.Coordinator.Jobs.GetResultAsync(call.Id(), call.Aborted));
    }

    private static async Task CancelAsync(ApiCall call)
    {
        call.Expect();
        var id = await KnownAsync(call);
        await call.AuditAsync("job.cancel", id.ToString());
        await call.AnswerAsync(View(call, await call.Services.Coordinator.Jobs.CancelAsync(id, call.Aborted)));
    }

    private static async Task RetryAsync(ApiCall call)
    {
        call.Expect();
        var id = await KnownAsync(call);
        await call.AuditAsync("job.retry", id.ToString());
        await call.AnswerAsync(View(call, await call.Services.Coordinator.Jobs.RetryAsync(id, call.Aborted)));
    }

    private static async Task<JobId> KnownAsync(ApiCall call)
    {
        var id = call.Id();
        return await call.Services.Coordinator.Jobs.GetAsync(id, call.Aborted) is null ? throw NotFound(id) : id;
    }

    private static ProblemException NotFound(JobId id) => new("job_not_found", $"There is no job {id}.");
}
