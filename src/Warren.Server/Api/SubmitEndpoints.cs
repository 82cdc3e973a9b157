using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>Handing in jobs, and waiting a while for them.</summary>
internal static class SubmitEndpoints
{
    private const int LongestWait = 60;

    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("POST", "/v1/jobs", "Submit a job.", Role.Submitter, SubmitAsync)
        {
            Body = typeof(SubmitMessage), Status = 202, Answer = typeof(Job), Headers = ["Idempotency-Key", "Prefer"],
        },
        new("POST", "/v1/jobs/{kind}", "Submit a job of a kind; the body is its args.", Role.Submitter, SubmitKindAsync)
        {
            TakesAnyJson = true, Status = 202, Answer = typeof(Job), Headers = ["Idempotency-Key", "Prefer"],
        },
    ];

    private static async Task SubmitAsync(ApiCall call)
    {
        call.Expect();
        CheckDoor(call);
        await SubmitAsync(call, await call.ReadAsync<SubmitMessage>());
    }

    private static async Task SubmitKindAsync(ApiCall call)
    {
        call.Expect();
        CheckDoor(call);
        await SubmitAsync(call, new SubmitMessage { Kind = call.Value("kind"), Args = await call.ReadJsonAsync() });
    }

    private static async Task SubmitAsync(ApiCall call, SubmitMessage message)
    {
        var key = Single(call.Http.Request.Headers["Idempotency-Key"], "Idempotency-Key");
        if (key is not null && message.IdempotencyKey is { } other && other != key)
            throw new ProblemException("invalid_request", "The header Idempotency-Key and idempotency_key in the body differ; one of them was expected.", "/idempotency_key");
        var wait = WaitOf(call.Http.Request.Headers["Prefer"]);
        var jobs = call.Services.Coordinator.Jobs;
        var insertion = await jobs.SubmitAsync(message with { IdempotencyKey = key ?? message.IdempotencyKey }, null, call.Aborted);

        Job? job;
        if (wait is { } seconds)
        {
            using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), call.Services.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, call.Services.Door.StreamsEnd);
            job = await jobs.WaitAsync(insertion.Id, either.Token, call.Aborted);
            call.Http.Response.Headers["Preference-Applied"] = string.Create(CultureInfo.InvariantCulture, $"wait={seconds}");
        }
        else
        {
            job = await jobs.GetAsync(insertion.Id, call.Aborted);
        }
        // One that was found again by its key may be a pruned one, of which the state is left.
        var view = JobEndpoints.View(call, job ?? new Job
        {
            Id = insertion.Id, Kind = message.Kind, State = insertion.State, Attempt = 1, MaxAttempts = 1, CreatedAt = call.Services.Time.GetUtcNow(),
        });
        call.Http.Response.Headers.Location = $"{call.Root}/v1/jobs/{insertion.Id}";
        if (!insertion.IsNew)
            call.Http.Response.Headers["Warren-Duplicate"] = "true";
        await call.AnswerAsync(view, wait is not null && view.State.IsEnd() ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }

    private static void CheckDoor(ApiCall call)
    {
        if (call.Services.Door.IsStopping)
            throw new ProblemException(new("stopping", "The server stops and takes no more jobs; try again with the next one.", RetryAfter: 1));
        if (call.Services.Door.IsDraining)
            throw new ProblemException(new("draining", "The server is being drained and takes no more jobs; try again with another, or after `warren drain --resume`.", RetryAfter: 5));
    }

    private static string? Single(StringValues values, string name) => values.Count switch
    {
        0 => null,
        1 => values.ToString(),
        _ => throw new ProblemException("invalid_request", $"The header {name} is there {values.Count} times; once was expected."),
    };

    // A preference that cannot be read is ignored (RFC 7240 §2); a wait that is too long is shortened, and the answer says so.
    private static int? WaitOf(StringValues prefer)
    {
        foreach (var preference in prefer.SelectMany(value => (value ?? "").Split(',')))
        {
            var parts = preference.Split(';')[0].Split('=');
            if (parts.Length == 2 && parts[0].Trim().Equals("wait", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(parts[1].Trim().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                return Math.Min(seconds, LongestWait);
            }
        }
        return null;
    }
}
