using System.Text;
using System.Text.Unicode;
using Warren.Messaging.Retries;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>Messages that were given up: look at them, send them back to their queue, delete them.</summary>
internal static class DeadLetterEndpoints
{
    private const int MostBody = 256 * 1024;

    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/v1/dead-letters", "The oldest dead letters of a queue; without a queue, how many each of Warren's queues has.", Role.Viewer, ListAsync)
        {
            Answer = typeof(DeadLetterList), Query = ["queue", "limit"],
        },
        new("GET", "/v1/dead-letters/{message_id}", "One dead letter of a queue, with its body.", Role.Viewer, ShowAsync)
        {
            Answer = typeof(DeadLetterView), Query = ["queue"],
        },
        new("POST", "/v1/dead-letters/replay", "Send dead letters back to the queue they came from: all, some by id, or those of a reason.", Role.Operator, ReplayAsync)
        {
            Body = typeof(DeadLetterRequest), Answer = typeof(DeadLetterChange),
        },
        new("POST", "/v1/dead-letters/purge", "Delete dead letters: all, some by id, or those of a reason.", Role.Operator, PurgeAsync)
        {
            Body = typeof(DeadLetterRequest), Answer = typeof(DeadLetterChange),
        },
    ];

    private static async Task ListAsync(ApiCall call)
    {
        call.Expect("queue", "limit");
        if (call.Query("queue") is { } queue)
        {
            var letters = await call.Services.Bus.DeadLetters.ListAsync(QueueEndpoints.CheckName(queue, ""), call.Number("limit", 100, 1, 1000), call.Aborted);
            await call.AnswerAsync(new DeadLetterList([.. letters.Select(letter => View(letter, withBody: false))]));
            return;
        }
        var names = await QueueEndpoints.NamesAsync(call.Services, call.Aborted);
        var queues = await Task.WhenAll(names.Select(name => QueueEndpoints.FindAsync(call.Services, name, call.Aborted)));
        await call.AnswerAsync(new QueueList([.. queues.OfType<QueueView>().Where(found => found.DeadLetters > 0)]));
    }

    private static async Task ShowAsync(ApiCall call)
    {
        call.Expect("queue");
        var queue = QueueEndpoints.CheckName(call.Query("queue"), "");
        var letter = await call.Services.Bus.DeadLetters.ReadAsync(queue, call.Value("message_id"), call.Aborted)
            ?? throw new ProblemException("dead_letter_not_found", $"The queue '{queue}' has no dead letter '{call.Value("message_id")}'.");
        await call.AnswerAsync(View(letter, withBody: true));
    }

    private static async Task ReplayAsync(ApiCall call)
    {
        call.Expect();
        var (queue, request) = await ReadAsync(call);
        if (request.DryRun)
        {
            await call.AnswerAsync(new DeadLetterChange(queue, await CountAsync(call, queue, request), 0, true));
            return;
        }
        await call.AuditAsync("dead_letters.replay", queue, Which(request));
        var result = await call.Services.Bus.DeadLetters.ReplayAsync(queue, FilterOf(request), call.Aborted);
        await call.AnswerAsync(new DeadLetterChange(queue, result.Replayed, result.Kept, false));
    }

    private static async Task PurgeAsync(ApiCall call)
    {
        call.Expect();
        var (queue, request) = await ReadAsync(call);
        if (request.DryRun)
        {
            await call.AnswerAsync(new DeadLetterChange(queue, await CountAsync(call, queue, request), 0, true));
            return;
        }
        await call.AuditAsync("dead_letters.purge", queue, Which(request));
        await call.AnswerAsync(new DeadLetterChange(queue, await call.Services.Bus.DeadLetters.PurgeAsync(queue, FilterOf(request), call.Aborted), 0, false));
    }

    private static async Task<(string Queue, DeadLetterRequest Request)> ReadAsync(ApiCall call)
    {
        var request = await call.ReadAsync<DeadLetterRequest>();
        if (request.MessageIds is { Count: 0 })
            throw new ProblemException("invalid_request", "message_ids is empty; leave it out for all, or name some.", "/message_ids");
        return (QueueEndpoints.CheckName(request.Queue, "/queue"), request);
    }

    // Without a filter the broker knows; with one, each has to be looked at.
    private static async Task<long> CountAsync(ApiCall call, string queue, DeadLetterRequest request)
    {
        if (request is { MessageIds: null, Reason: null })
            return (await QueueEndpoints.FindAsync(call.Services, queue + QueueEndpoints.DeadSuffix, call.Aborted))?.Messages ?? 0;
        var letters = await call.Services.Bus.DeadLetters.ListAsync(queue, int.MaxValue, call.Aborted);
        return letters.Count(letter => (request.MessageIds is null || request.MessageIds.Contains(letter.MessageId)) && (request.Reason is null || request.Reason == letter.Reason));
    }

    private static string Which(DeadLetterRequest request) =>
        $"{(request.MessageIds is { } ids ? $"{ids.Count} by id" : "all")}{(request.Reason is { } reason ? $" of reason {reason}" : "")}";

    private static DeadLetterFilter FilterOf(DeadLetterRequest request) =>
        new() { MessageIds = request.MessageIds?.OfType<string>().ToHashSet(StringComparer.Ordinal), Reason = request.Reason };

    private static DeadLetterView View(DeadLetter letter, bool withBody)
    {
        var body = letter.Body.Span;
        var isText = Utf8.IsValid(body);
        var shown = body[..Math.Min(body.Length, MostBody)];
        return new(
            letter.MessageId, letter.Queue, letter.Reason, letter.ExceptionType, letter.ExceptionMessage, letter.Attempts, letter.OriginExchange, letter.OriginRoutingKey,
            letter.Time, letter.ContentType, body.Length,
            withBody ? letter.Headers.ToDictionary(header => header.Key, header => Text(header.Value)) : null,
            withBody && isText ? Encoding.UTF8.GetString(shown) : null,
            withBody && !isText ? Convert.ToBase64String(shown) : null);
    }

    private static string? Text(object? value) => value switch
    {
        null => null,
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        System.Collections.IDictionary or System.Collections.IList => value is System.Collections.IList list ? $"{list.Count} values" : "a table",
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}

/// <summary>Dead letters.</summary>
internal sealed record DeadLetterList(IReadOnlyList<DeadLetterView> DeadLetters);

/// <summary>A message that was given up.</summary>
/// <param name="MessageId">Its id, if it has one.</param>
/// <param name="Queue">The queue it came from.</param>
/// <param name="Reason">Why it was given up.</param>
/// <param name="ExceptionType">The type of the last exception.</param>
/// <param name="ExceptionMessage">The message of the last exception.</param>
/// <param name="Attempts">How many attempts were made.</param>
/// <param name="OriginExchange">The exchange it was first published to.</param>
/// <param name="OriginRoutingKey">The routing key it was first published with.</param>
/// <param name="Time">When it was given up.</param>
/// <param name="ContentType">The media type of its body.</param>
/// <param name="Bytes">The size of its body.</param>
/// <param name="Headers">Its headers, as text.</param>
/// <param name="Body">Its body, or as much as is shown, if it is text.</param>
/// <param name="BodyBase64">Likewise if it is not.</param>
internal sealed record DeadLetterView(
    string? MessageId, string Queue, string Reason, string? ExceptionType, string? ExceptionMessage, int Attempts, string? OriginExchange, string? OriginRoutingKey,
    DateTimeOffset? Time, string? ContentType, int Bytes, IReadOnlyDictionary<string, string?>? Headers, string? Body, string? BodyBase64);

/// <summary>Which dead letters are meant.</summary>
/// <param name="Queue">The queue they came from.</param>
/// <param name="MessageIds">Only these; the default is all.</param>
/// <param name="Reason">Only those of this reason.</param>
/// <param name="DryRun">Whether nothing is to be changed.</param>
internal sealed record DeadLetterRequest(string? Queue, IReadOnlyList<string?>? MessageIds = null, string? Reason = null, bool DryRun = false);

/// <summary>What was done to dead letters.</summary>
/// <param name="Queue">The queue they came from.</param>
/// <param name="Messages">How many were, or would be, sent back or deleted.</param>
/// <param name="Kept">How many stayed because they were not meant.</param>
/// <param name="DryRun">Whether nothing was changed.</param>
internal sealed record DeadLetterChange(string Queue, long Messages, int Kept, bool DryRun);
