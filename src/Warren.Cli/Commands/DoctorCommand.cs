using System.CommandLine;
using Warren.Cli.Doctor;
using Warren.Cli.Server;
using Warren.Cli.Serving;

namespace Warren.Cli.Commands;

/// <summary><c>warren doctor</c>: looks at a broker and at a Warren, and says what to do.</summary>
internal static class DoctorCommand
{
    private static readonly Option<string?> Broker = BrokerSettings.Option();

    private static readonly Option<string[]> Queue = new("--queue")
    {
        HelpName = "NAME", Description = "A queue to look at, with its dead letters. May be given several times.", AllowMultipleArgumentsPerToken = false,
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Print one JSON object with an array of {check, status, detail, advice}." };

    private static readonly Option<bool> Quiet = new("--quiet") { Description = "Say only what is not as it should be." };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var (server, key) = ServerConnection.Options();
        var command = new Command("doctor", "Look at a broker and at a Warren: connection, version, permissions, queues, dead letters, store, workers, clocks, leftovers. Says what to do.")
        {
            Broker, Queue, server, key, Json, Quiet,
        };
        command.SetAction(async (parsed, token) => await RunAsync(parsed, parsed.GetValue(server), parsed.GetValue(key), token));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, string? server, string? key, CancellationToken cancellationToken)
    {
        var queues = (parsed.GetValue(Queue) ?? []).Distinct(StringComparer.Ordinal).ToList();
        if (queues.Contains(""))
            throw new UsageException("--queue is empty; expected the name of a queue.");
        using var connection = ServerConnection.Open(server, key);
        var (settings, nobody) = Read(parsed.GetValue(Broker));

        var warren = new ServerExamination(connection, TimeProvider.System);
        // Whoever asks for a broker, and names no server, is not kept waiting for one that is not there.
        var serverCode = await warren.RunAsync(!ServerConnection.IsNamed(server), cancellationToken);
        var isThere = warren.Checks.Count > 0;
        if (nobody is not null && (!isThere || queues.Count > 0))
            throw nobody;
        List<Check> checks = [.. warren.Checks];
        if (await StoreLook.AtAsync(new SettingReader(new Dictionary<string, string?>()), cancellationToken) is { } store)
            checks.Add(store);
        if (isThere && serverCode == ExitCode.Ok)
        {
            var engines = ServeSettings.ReadEnginesDirectory(new SettingReader(new Dictionary<string, string?>()));
            checks.AddRange(await EngineLook.AtAsync(EnginesCommand.Catalog(engines), cancellationToken));
        }
        var brokerCode = ExitCode.Ok;
        if (settings is not null)
        {
            var examination = new Examination(settings, queues);
            brokerCode = await examination.RunAsync(cancellationToken);
            checks.InsertRange(0, examination.Checks);
        }

        using var output = new Output();
        var shown = parsed.GetValue(Quiet) ? checks.FindAll(check => check.Status != CheckStatus.Ok) : checks;
        if (parsed.GetValue(Json))
            output.WriteLine(Report.Json(settings, isThere ? connection.Address : null, checks));
        else if (shown.Count > 0)
            output.WriteLine(Report.Text(shown, IsColored()));
        return brokerCode != ExitCode.Ok ? brokerCode : serverCode != ExitCode.Ok ? serverCode
            : checks.Exists(check => check.Status == CheckStatus.Fail) ? ExitCode.Failed
            : ExitCode.Ok;
    }

    private static (BrokerSettings? Settings, NoBrokerException? Nobody) Read(string? broker)
    {
        try
        {
            return (BrokerSettings.Read(broker), null);
        }
        catch (NoBrokerException nobody)
        {
            // A server that runs knows its broker; without one this is the mistake.
            return (null, nobody);
        }
    }

    private static bool IsColored() =>
        !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
}
