using System.Text;
using Microsoft.AspNetCore.Http;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.Messaging.Topology;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>Queues of the broker: those of Warren itself, and any that is named.</summary>
internal static class QueueEndpoints
{
    /// <summary>What is added to a queue's name for its dead letters (docs/reference/wire.md).</summary>
    public const string DeadSuffix = ".dead";

    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/v1/queues", "Warren's own queues and those of the kinds, with their depths.", Role.Viewer, ListAsync) { Answer = typeof(QueueList) },
        new("POST", "/v1/queues", "Declare a queue. Declaring it again is no error; one with other properties is.", Role.Operator, DeclareAsync)
        {
            Body = typeof(QueueDeclaration), Status = 201, Answer = typeof(QueueView),
        },
        new("GET", "/v1/queues/{queue}", "A queue of the broker.", Role.Viewer, ShowAsync) { Answer = typeof(QueueView) },
        new("POST", "/v1/queues/{queue}/purge", "Delete the messages that wait in a queue; with dry_run, say how many those are.", Role.Operator, PurgeAsync)
        {
            Body = typeof(DryRun), MayBeEmpty = true, Answer = typeof(QueueChange),
        },
        new("POST", "/v1/queues/{queue}/move", "Move the messages that wait in a queue to another; with dry_run, say how many those are.", Role.Operator, MoveAsync)
        {
            Body = typeof(QueueMove), Answer = typeof(QueueChange),
        },
    ];

    /// <summary>The names of Warren's own queues: those it works with, and one for each kind and lane.</summary>
    public static async Task<IReadOnlyList<string>> NamesAsync(ApiServices services, CancellationToken cancellationToken)
    {
        var kinds = await services.Coordinator.Kinds.ListAsync(cancellationToken);
        return
        [
            WireNames.SubmitQueue, WireNames.RequestQueue, WireNames.ClaimQueue, WireNames.FoldQueue,
            .. kinds.SelectMany(kind => (kind.Description.Lanes ?? []).Select(lane => WireNames.JobQueue(kind.Name, lane)).Prepend(WireNames.JobQueue(kind.Name))),
        ];
    }

    /// <summary>Looks at a queue; null if there is none.</summary>
    public static async Task<QueueView?> FindAsync(ApiServices services, string queue, CancellationToken cancellationToken)
    {
        if (await LookAsync(services.Bus, queue, cancellationToken) is not { } status)
            return null;
        var dead = queue.EndsWith(DeadSuffix, StringComparison.Ordinal) ? null : await LookAsync(services.Bus, queue + DeadSuffix, cancellationToken);
        return new(queue, status.MessageCount, status.ConsumerCount, dead?.MessageCount);
    }

    /// <summary>The name of a queue that a client gave.</summary>
    public static string CheckName(string? queue, string place)
    {
        var bytes = Encoding.UTF8.GetByteCount(queue ?? "");
        return bytes is > 0 and <= 255
            ? queue!
            : throw new ProblemException("invalid_request", $"The queue's name has {bytes} bytes; 1 to 255 were expected.", place);
    }

    private static async Task ListAsync(ApiCall call)
    {
        call.Expect();
        var names = await NamesAsync(call.Services, call.Aborted);
        var found = await Task.WhenAll(names.Select(name => FindAsync(call.Services, name, call.Aborted)));
        await call.AnswerAsync(new QueueList([.. found.OfType<QueueView>()]));
    }

    private static async Task ShowAsync(ApiCall call)
    {
        call.Expect();
        await call.AnswerAsync(await FindAsync(call.Services, CheckName(call.Value("queue"), ""), call.Aborted) ?? throw NotFound(call.Value("queue")));
    }

    private static async Task DeclareAsync(ApiCall call)
    {
        call.Expect();
        var declaration = await call.ReadAsync<QueueDeclaration>();
        var name = CheckName(declaration.Name, "/name");
        if (name.StartsWith("amq.", StringComparison.Ordinal))
            throw new ProblemException("invalid_request", $"The queue is called '{name}'; names that begin with amq. are the broker's.", "/name");
        var type = declaration.Type switch
        {
            null or "quorum" => QueueType.Quorum,
            "classic" => QueueType.Classic,
            var other => throw new ProblemException("invalid_request", $"type is '{other}'; quorum or classic was expected.", "/type"),
        };
        await call.AuditAsync("queue.declare", name, declaration.Type ?? "quorum");
        // With the queue for its dead letters, as Warren's own are declared.
        await call.Services.Bus.DeclareAsync(new() { Queues = [new(name) { Type = type }] }, call.Aborted);
        call.Http.Response.Headers.Location = $"{call.Root}/v1/queues/{Uri.EscapeDataString(name)}";
        await call.AnswerAsync(await FindAsync(call.Services, name, call.Aborted) ?? throw NotFound(name), StatusCodes.Status201Created);
    }

    private static async Task PurgeAsync(ApiCall call)
    {
        call.Expect();
        var name = CheckName(call.Value("queue"), "");
        var request = await call.ReadAsync<DryRun>(mayBeEmpty: true);
        var queue = await FindAsync(call.Services, name, call.Aborted) ?? throw NotFound(name);
        if (request.IsDryRun)
        {
            await call.AnswerAsync(new QueueChange(name, queue.Messages, true));
            return;
        }
        await call.AuditAsync("queue.purge", name, $"{queue.Messages} messages");
        await call.AnswerAsync(new QueueChange(name, await call.Services.Bus.Queues.PurgeAsync(name, call.Aborted), false));
    }

    private static async Task MoveAsync(ApiCall call)
    {
        call.Expect();
        var name = CheckName(call.Value("queue"), "");
        var request = await call.ReadAsync<QueueMove>();
        var to = CheckName(request.To, "/to");
        if (to == name)
            throw new ProblemException("invalid_request", $"Both queues are '{name}'; two were expected.", "/to");
        if (request.Limit is < 1)
            throw new ProblemException("invalid_request", $"limit is {request.Limit}; 1 or more was expected.", "/limit");
        var queue = await FindAsync(call.Services, name, call.Aborted) ?? throw NotFound(name);
        _ = await FindAsync(call.Services, to, call.Aborted) ?? throw NotFound(to);
        var most = Math.Min(queue.Messages, request.Limit ?? long.MaxValue);
        if (request.DryRun)
        {
            await call.AnswerAsync(new QueueChange(name, most, true));
            return;
        }
        await call.AuditAsync("queue.move", name, $"to {to}, at most {most} messages");
        await call.AnswerAsync(new QueueChange(name, await call.Services.Bus.Queues.MoveAsync(name, to, most, call.Aborted), false));
    }

    private static async Task<QueueStatus?> LookAsync(IMessageBus bus, string queue, CancellationToken cancellationToken)
    {
        try
        {
            return await bus.Queues.InfoAsync(queue, cancellationToken);
        }
        catch (QueueOperationException error) when (error.Reason == QueueFailureReason.NotFound)
        {
            return null;
        }
    }

    private static ProblemException NotFound(string queue) => new("queue_not_found", $"There is no queue '{queue}' on the broker.");
}

/// <summary>Queues.</summary>
internal sealed record QueueList(IReadOnlyList<QueueView> Queues);

/// <summary>A queue.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Messages">How many messages wait; those that consumers hold are not counted.</param>
/// <param name="Consumers">How many consumers it has.</param>
/// <param name="DeadLetters">How many dead letters it has; none if it has no queue for them.</param>
internal sealed record QueueView(string Name, long Messages, long Consumers, long? DeadLetters);

/// <summary>A queue to be declared.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">quorum, which is the default, or classic.</param>
internal sealed record QueueDeclaration(string? Name, string? Type = null);

/// <summary>Whether something is only to be tried.</summary>
/// <param name="IsDryRun">Whether nothing is to be changed.</param>
internal sealed record DryRun([property: System.Text.Json.Serialization.JsonPropertyName("dry_run")] bool IsDryRun = false);

/// <summary>Messages to be moved.</summary>
/// <param name="To">The queue they are moved to.</param>
/// <param name="Limit">How many at most; the default is all that wait now.</param>
/// <param name="DryRun">Whether nothing is to be changed.</param>
internal sealed record QueueMove(string? To, long? Limit = null, bool DryRun = false);

/// <summary>What was done to a queue.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Messages">How many messages were, or would be, deleted or moved.</param>
/// <param name="DryRun">Whether nothing was changed.</param>
internal sealed record QueueChange(string Queue, long Messages, bool DryRun);
