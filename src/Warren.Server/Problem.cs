using System.Collections.Frozen;
using Warren.Coordinator;
using Warren.Jobs;
using Warren.Messaging;

namespace Warren.Server;

/// <summary>Why a request was not served, as it is answered: RFC 9457 with a stable code.</summary>
/// <param name="Code">The word for programs; <see cref="Problems.All"/> has its status.</param>
/// <param name="Detail">What was found, and what was expected.</param>
/// <param name="Pointer">Where in the body, as a JSON pointer, if it is about that.</param>
/// <param name="RetryAfter">In how many seconds it may be tried again.</param>
internal sealed record Problem(string Code, string Detail, string? Pointer = null, int? RetryAfter = null)
{
    /// <summary>The methods that the route has, for <c>method_not_allowed</c>.</summary>
    public string? Allow { get; init; }
}

/// <summary>A request is refused: its handler throws this, and the problem is the answer.</summary>
internal sealed class ProblemException(Problem problem, Exception? innerException = null) : Exception(problem.Detail, innerException)
{
    /// <summary>A refusal with a code.</summary>
    public ProblemException(string code, string detail, string? pointer = null)
        : this(new Problem(code, detail, pointer))
    {
    }

    /// <summary>The answer.</summary>
    public Problem Problem { get; } = problem;
}

/// <summary>Every code there is, with its status and title; docs/reference/errors.md has the same table.</summary>
internal static class Problems
{
    /// <summary>Status and title by code.</summary>
    public static FrozenDictionary<string, (int Status, string Title)> All { get; } = new Dictionary<string, (int, string)>
    {
        ["invalid_request"] = (400, "The request is not what it should be"),
        ["invalid_json"] = (400, "The body is not JSON"),
        ["invalid_kind"] = (400, "That is not the name of a kind"),
        ["not_supported"] = (400, "This version does not do that"),
        ["key_required"] = (401, "An API key is needed"),
        ["key_invalid"] = (401, "The API key is not valid"),
        ["role_required"] = (403, "The API key's role does not allow it"),
        ["loopback_only"] = (403, "Without API keys only this machine is served"),
        ["host_refused"] = (403, "This server is not known by that name"),
        ["origin_refused"] = (403, "Pages of that origin may not call this server"),
        ["queue_refused"] = (403, "The broker does not allow it"),
        ["route_not_found"] = (404, "There is no such route"),
        ["job_not_found"] = (404, "There is no such job"),
        ["kind_not_found"] = (404, "There is no such kind"),
        ["queue_not_found"] = (404, "There is no such queue"),
        ["dead_letter_not_found"] = (404, "There is no such dead letter"),
        ["key_not_found"] = (404, "There is no such API key"),
        ["method_not_allowed"] = (405, "The route does not have that method"),
        ["job_not_succeeded"] = (409, "The job has no result"),
        ["job_not_ended"] = (409, "The job has not ended"),
        ["job_succeeded"] = (409, "The job has succeeded"),
        ["job_id_reused"] = (409, "The external id belongs to another job"),
        ["id_taken"] = (409, "The id belongs to another job"),
        ["key_name_taken"] = (409, "There is an API key of that name"),
        ["queue_conflict"] = (409, "The queue is not as it was asked for"),
        ["args_too_large"] = (413, "The body is too large"),
        ["unsupported_media_type"] = (415, "The body is not of a type that is read"),
        ["invalid_args"] = (422, "The args are not what the kind demands"),
        ["unknown_kind"] = (422, "No worker offers that kind"),
        ["unknown_lane"] = (422, "The kind has no such lane"),
        ["idempotency_mismatch"] = (422, "The idempotency key belongs to other args"),
        ["rate_limited"] = (429, "Too many requests"),
        ["internal_error"] = (500, "Something is wrong in the server"),
        ["broker_failed"] = (502, "The broker did not do it"),
        ["store_unavailable"] = (503, "The store is away"),
        ["broker_unavailable"] = (503, "The broker is away"),
        ["draining"] = (503, "The server is being drained"),
        ["stopping"] = (503, "The server stops"),
        ["too_many_streams"] = (503, "Too many event streams are open"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What a failure is answered with; null if it is a fault of the server.</summary>
    public static Problem? Of(Exception error) => error switch
    {
        ProblemException refused => refused.Problem,
        JobRefusedException refused => new(refused.Code, refused.Message, refused.Pointer),
        StoreUnavailableException away => new("store_unavailable", $"{away.Message} Nothing is lost; try again.", RetryAfter: 1),
        Microsoft.AspNetCore.Http.BadHttpRequestException { StatusCode: 413 } => new("args_too_large", "The body is larger than what is taken. Large inputs belong into files."),
        Microsoft.AspNetCore.Http.BadHttpRequestException bad => new("invalid_request", bad.Message),
        QueueOperationException { Reason: QueueFailureReason.NotFound } queue => new("queue_not_found", queue.Message),
        QueueOperationException { Reason: QueueFailureReason.AccessRefused } queue => new("queue_refused", queue.Message),
        QueueOperationException { Reason: QueueFailureReason.PreconditionFailed or QueueFailureReason.Locked } queue => new("queue_conflict", queue.Message),
        PublishFailedException { Reason: PublishFailureReason.Unroutable } gone => new("queue_not_found", gone.Message),
        ConnectionFailedException or MessagingDisabledException => new("broker_unavailable", error.Message, RetryAfter: 1),
        MessagingException failed => new("broker_failed", failed.Message, RetryAfter: 1),
        _ => null,
    };
}
