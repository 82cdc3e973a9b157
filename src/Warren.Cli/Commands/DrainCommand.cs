using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Warren.Cli.Server;

namespace Warren.Cli.Commands;

/// <summary><c>warren drain</c>: empties a server before it is stopped or replaced.</summary>
internal static class DrainCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private static readonly Option<bool> Resume = new("--resume") { Description = "Take jobs again." };

    private static readonly Option<TimeSpan> Timeout = new("--timeout")
    {
        HelpName = "SECONDS", Description = "How long to wait until nothing is in hand; 0 does not wait. The default is 300.",
        DefaultValueFactory = _ => TimeSpan.FromMinutes(5), CustomParser = ReadSeconds,
    };

    /// <summary>The verb.</summary>
    public static Command Create() => ApiVerb.Create(
        "drain",
        "Let a server take no more jobs, and wait until those its own worker has begun are done. Jobs that wait stay queued for other workers, or until --resume.",
        RunAsync, Resume, Timeout);

    private static async Task<int> RunAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Resume) && parsed.GetResult(Timeout) is { Implicit: false })
            throw new UsageException("--resume and --timeout are both given; expected one of them.");
        var isResumed = parsed.GetValue(Resume);
        var state = await server.PostAsync<JsonElement>("v1/drain", new JsonObject { ["draining"] = !isResumed }, null, cancellationToken);
        if (isResumed)
            return Say(parsed, state, "The server takes jobs again.", output);

        var (begun, patience, last) = (TimeProvider.System.GetTimestamp(), parsed.GetValue(Timeout), "");
        while (Number(state, "in_hand") + Number(state, "unsent") > 0)
        {
            var words = string.Create(CultureInfo.InvariantCulture, $"{Number(state, "in_hand")} jobs are in hand, {Number(state, "unsent")} messages are to be sent.");
            if (TimeProvider.System.GetElapsedTime(begun) >= patience)
            {
                return CommandLine.Fail(
                    ExitCode.Failed, $"The server takes no more jobs, and is not empty after {patience.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s: {words}");
            }
            if (words != last && !parsed.GetValue(ApiVerb.Quiet))
                await Console.Error.WriteLineAsync(words);
            last = words;
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            state = await server.GetAsync<JsonElement>("v1/server", cancellationToken);
        }
        return Say(parsed, state, $"The server is drained. {Number(state, "queued")} jobs wait for other workers, {Number(state, "running")} run elsewhere.", output);
    }

    private static int Say(ParseResult parsed, JsonElement state, string words, Output output)
    {
        output.WriteLine(parsed.GetValue(ApiVerb.Json) ? state.GetRawText() : words);
        return ExitCode.Ok;
    }

    private static long Number(JsonElement state, string name) => state.GetProperty(name).GetInt64();

    private static TimeSpan ReadSeconds(ArgumentResult given)
    {
        if (double.TryParse(given.Tokens[0].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= 1e8)
            return TimeSpan.FromSeconds(seconds);
        given.AddError($"--timeout is '{given.Tokens[0].Value}'; expected a number of seconds.");
        return default;
    }
}
