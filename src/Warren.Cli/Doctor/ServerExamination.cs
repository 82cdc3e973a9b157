using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Warren.Cli.Server;

namespace Warren.Cli.Doctor;

/// <summary>Looks at a Warren over its HTTP API: how it is, what it rests on, who works for it, and what was left behind.</summary>
internal sealed class ServerExamination(ServerConnection server, TimeProvider time)
{
    // Above it people begin to see jobs that seem to start before they were submitted.
    private static readonly TimeSpan ClockPatience = TimeSpan.FromSeconds(2);

    private readonly List<Check> _checks = [];

    /// <summary>What was looked at so far.</summary>
    public IReadOnlyList<Check> Checks => _checks;

    /// <summary>Looks at everything and returns the exit code.</summary>
    /// <param name="mayBeAbsent">Whether nobody has named it: then there may be none, and nothing is said of it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<int> RunAsync(bool mayBeAbsent, CancellationToken cancellationToken)
    {
        try
        {
            await LookAtHealthAsync(cancellationToken);
        }
        catch (ServerException) when (mayBeAbsent)
        {
            // What answers at the default address, if anything, is no Warren.
            return ExitCode.Ok;
        }
        catch (ServerException error)
        {
            _checks.Add(new Check("server", CheckStatus.Fail, error.Message, error.ExitCode == ExitCode.Unreachable ? null : "Look at WARREN_SERVER or --server."));
            return error.ExitCode;
        }

        try
        {
            await LookAtReadinessAsync(cancellationToken);
            await LookAtSelfAsync(cancellationToken);
            await LookAtWorkersAsync(cancellationToken);
        }
        catch (ServerException error)
        {
            _checks.Add(new Check(
                "server details", CheckStatus.Fail, error.Message,
                error.ExitCode == ExitCode.Refused ? "Give a key with the role viewer or more, by --key or WARREN_KEY." : "Look at the server's log."));
            return error.ExitCode;
        }
        return _checks.Exists(check => check.Status == CheckStatus.Fail) ? ExitCode.Failed : ExitCode.Ok;
    }

    private async Task LookAtHealthAsync(CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        var sentAt = time.GetUtcNow();
        var health = await server.GetAsync<JsonElement>("health", cancellationToken);
        var took = Stopwatch.GetElapsedTime(begun);
        if (Text(health, "version") is not { } version || !health.TryGetProperty("services", out var services))
            throw new ServerException(ExitCode.Failed, $"{server.Address} answers /health, but not as a Warren does.");
        var ours = typeof(ServerExamination).Assembly.GetName().Version!.ToString(3);
        var isOurs = version.StartsWith(ours, StringComparison.Ordinal);
        _checks.Add(new Check(
            "server", isOurs ? CheckStatus.Ok : CheckStatus.Warn, FormattableString.Invariant($"Warren {version} at {Root}, in {took.TotalMilliseconds:0} ms"),
            isOurs ? null : $"This program is {ours}: use the one that came with the server."));

        var ill = services.EnumerateObject().Where(service => service.Value.GetString() == "unhealthy").Select(service => service.Name).ToList();
        _checks.Add(ill.Count == 0
            ? new Check("server health", CheckStatus.Ok, Text(health, "status") ?? "healthy")
            : new Check("server health", CheckStatus.Warn, $"degraded: {string.Join(", ", ill)}", Remedy(ill)));
        _checks.Add(Part("server broker", health, "broker"));
        _checks.Add(Part("server store", health, "store"));
        if (DateTime.TryParse(Text(health, "timestamp"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var there))
            _checks.Add(Clock(new DateTimeOffset(there) - (sentAt + (took / 2))));
    }

    private async Task LookAtReadinessAsync(CancellationToken cancellationToken)
    {
        var (status, json) = await server.LookAsync("health/ready", cancellationToken);
        var word = json is { } answer ? Text(answer, "status") : null;
        _checks.Add(status == 200
            ? new Check("readiness", CheckStatus.Ok, "ready")
            : new Check("readiness", CheckStatus.Fail, $"not ready: {word ?? status.ToString(CultureInfo.InvariantCulture)}", word switch
            {
                "draining" => "It takes no jobs: `warren drain --resume` lets it.",
                "stopping" => "It stops; ask again when the next one has started.",
                _ => "Look at the server's log.",
            }));
    }

    private async Task LookAtSelfAsync(CancellationToken cancellationToken)
    {
        var self = await server.GetAsync<JsonElement>("v1/server", cancellationToken);
        _checks.Add(new Check("leader", CheckStatus.Ok, self.GetProperty("leader").GetBoolean() ? "this server leads" : "another server of this store leads"));
        var (unsent, queued, running) = (self.GetProperty("unsent").GetInt64(), self.GetProperty("queued").GetInt64(), self.GetProperty("running").GetInt64());
        var words = string.Create(CultureInfo.InvariantCulture, $"{queued} queued, {running} running; {unsent} messages to be sent to the broker");
        _checks.Add(new Check(
            "jobs", unsent > 1000 ? CheckStatus.Warn : CheckStatus.Ok, words, unsent > 1000 ? "The broker is away or slow; the messages are kept in the store." : null));
    }

    private async Task LookAtWorkersAsync(CancellationToken cancellationToken)
    {
        var workers = (await server.GetAsync<JsonElement>("v1/workers", cancellationToken)).GetProperty("workers").EnumerateArray().ToList();
        var living = workers.Where(worker => Text(worker, "status") == "alive").ToList();
        var silent = workers.Where(worker => Text(worker, "status") == "unknown").Select(worker => Text(worker, "name") ?? Text(worker, "session")!).ToList();
        _checks.Add(new Check(
            "workers", living.Count > 0 ? CheckStatus.Ok : CheckStatus.Warn,
            $"{living.Count.ToString(CultureInfo.InvariantCulture)} alive{(living.Count == 0 ? "" : $" with {living.Sum(worker => worker.GetProperty("slots").GetInt32())} slots")}",
            living.Count > 0 ? null : "Jobs wait until there is one: `warren worker --broker URL`, or the role worker."));
        if (silent.Count > 0)
            _checks.Add(new Check("silent workers", CheckStatus.Warn, string.Join(", ", silent.Take(10)), "They have not said goodbye. Their jobs are given to others once the leader has watched them long enough; look why they ended."));

        var offered = living.SelectMany(worker => worker.GetProperty("kinds").EnumerateArray()).Select(kind => kind.GetString()!).ToHashSet(StringComparer.Ordinal);
        var known = (await server.GetAsync<JsonElement>("v1/kinds", cancellationToken)).GetProperty("kinds").EnumerateArray().Select(kind => Text(kind, "kind")!).ToList();
        var forsaken = known.Where(kind => !offered.Contains(kind)).ToList();
        _checks.Add(forsaken.Count == 0
            ? new Check("kinds", CheckStatus.Ok, known.Count == 0 ? "none was ever offered" : string.Join(", ", known.Take(20)))
            : new Check("kinds", CheckStatus.Warn, $"nobody does {string.Join(", ", forsaken.Take(20))} any more", "Their jobs are taken in and wait: start a worker for them, or cancel what is queued and delete their queues."));

        foreach (var queue in (await server.GetAsync<JsonElement>("v1/queues", cancellationToken)).GetProperty("queues").EnumerateArray())
            LookAtQueue(queue);
    }

    private void LookAtQueue(JsonElement queue)
    {
        var name = Text(queue, "name")!;
        var (messages, consumers) = (queue.GetProperty("messages").GetInt64(), queue.GetProperty("consumers").GetInt64());
        if (name.StartsWith("warren.jobs.", StringComparison.Ordinal) && consumers == 0)
        {
            _checks.Add(new Check(
                $"queue {name}", CheckStatus.Warn, string.Create(CultureInfo.InvariantCulture, $"{messages} jobs wait and nobody takes them"),
                "Start a worker that does this kind; if it is gone for good, `warren queues purge` empties its queue."));
        }
        if (queue.TryGetProperty("dead_letters", out var dead) && dead.ValueKind == JsonValueKind.Number && dead.GetInt64() > 0)
        {
            _checks.Add(new Check(
                $"dead letters of {name}", CheckStatus.Warn, string.Create(CultureInfo.InvariantCulture, $"{dead.GetInt64()}"),
                $"See why with `warren dead-letters list {name}`, mend the cause, then `warren dead-letters replay {name}`."));
        }
    }

    private string Root => server.Address.GetLeftPart(UriPartial.Authority);

    private static Check Clock(TimeSpan ahead) => ahead.Duration() <= ClockPatience
        ? new Check("clock", CheckStatus.Ok, FormattableString.Invariant($"within {Math.Max(0.1, ahead.Duration().TotalSeconds):0.0} s of the server's"))
        : new Check(
            "clock", CheckStatus.Warn, FormattableString.Invariant($"the server's is {ahead.Duration().TotalSeconds:0.0} s {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} this machine's"),
            "Leases do not depend on it, but --run-at, --deadline and what people read do: let both machines keep time by NTP.");

    private static Check Part(string name, JsonElement health, string property)
    {
        if (!health.TryGetProperty(property, out var part))
            return new Check(name, CheckStatus.Warn, "the server does not tell", "It is of another version.");
        var detail = $"{Text(part, "address")}{(Text(part, "chosen_by") is { } chosen ? $" ({chosen})" : "")}{(part.TryGetProperty("embedded", out var embedded) && embedded.ValueKind == JsonValueKind.True ? ", embedded" : "")}";
        return new Check(name, CheckStatus.Ok, detail);
    }

    private static string Remedy(List<string> ill) => ill.Contains("store")
        ? "The store is away: no job is taken in or changed until it is back. Look at the database."
        : ill.Contains("rabbitmq") ? "The broker is away: jobs are taken in and sent when it is back. Look at the broker."
        : "Look at the server's log.";

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
