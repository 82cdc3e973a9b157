using System.Text.Json;
using Warren.Coordinator.Intake;
using Warren.Jobs.Protocol;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>The kinds of jobs that workers have described.</summary>
internal static class KindEndpoints
{
    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/v1/kinds", "The kinds that workers have offered, with the schemas of their args and results.", Role.Viewer, ListAsync) { Answer = typeof(KindList) },
        new("GET", "/v1/kinds/{kind}", "One kind.", Role.Viewer, ShowAsync) { Answer = typeof(KindView) },
    ];

    private static async Task ListAsync(ApiCall call)
    {
        call.Expect();
        await call.AnswerAsync(new KindList([.. (await call.Services.Coordinator.Kinds.ListAsync(call.Aborted)).Select(View)]));
    }

    private static async Task ShowAsync(ApiCall call)
    {
        call.Expect();
        var kind = await call.Services.Coordinator.Kinds.FindAsync(call.Value("kind"), call.Aborted)
            ?? throw new ProblemException("kind_not_found", $"No worker has ever offered the kind '{call.Value("kind")}'.");
        await call.AnswerAsync(View(kind));
    }

    private static KindView View(KindEntry entry) => new(
        entry.Name, entry.Description.ArgsSchema, entry.Description.ResultSchema, entry.Description.Retry, entry.Description.AttemptTimeout,
        entry.Description.Deadline, entry.Description.Retention, entry.Description.Lanes ?? [], entry.SeenAt,
        entry.ArgsSchema?.Notes is { Count: > 0 } notes ? [.. notes] : null);
}

/// <summary>The kinds.</summary>
internal sealed record KindList(IReadOnlyList<KindView> Kinds);

/// <summary>A kind; times in seconds.</summary>
/// <param name="Kind">Its name.</param>
/// <param name="ArgsSchema">JSON Schema of the args.</param>
/// <param name="ResultSchema">JSON Schema of the result.</param>
/// <param name="Retry">How failures are retried.</param>
/// <param name="AttemptTimeout">How long an attempt may take.</param>
/// <param name="Deadline">In which time a job has to start.</param>
/// <param name="Retention">How long a job is kept after its end.</param>
/// <param name="Lanes">Lanes besides its own.</param>
/// <param name="SeenAt">When it was first described like this.</param>
/// <param name="SchemaNotes">What in the schema of the args is not checked.</param>
internal sealed record KindView(
    string Kind, JsonElement? ArgsSchema, JsonElement? ResultSchema, RetryDescription? Retry, double? AttemptTimeout, double? Deadline, double? Retention,
    IReadOnlyList<string> Lanes, DateTimeOffset SeenAt, IReadOnlyList<string>? SchemaNotes);
