using System.CommandLine;
using Warren.Cli.Doctor;

namespace Warren.Cli.Commands;

/// <summary><c>warren doctor</c>: looks at a broker and says what to do.</summary>
internal static class DoctorCommand
{
    private static readonly Option<string?> Broker = BrokerSettings.Option();

    private static readonly Option<string[]> Queue = new("--queue")
    {
        HelpName = "NAME", Description = "A queue to look at, with its dead letters. May be given several times.", AllowMultipleArgumentsPerToken = false,
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Print one JSON object with an array of {check, status, detail, advice}." };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("doctor", "Look at a broker: connection, version, permissions, round trip, retries, dead letters. Says what to do.")
        {
            Broker, Queue, Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var queues = (parsed.GetValue(Queue) ?? []).Distinct(StringComparer.Ordinal).ToList();
        if (queues.Contains(""))
            throw new UsageException("--queue is empty; expected the name of a queue.");
        var settings = BrokerSettings.Read(parsed.GetValue(Broker));
        var examination = new Examination(settings, queues);
        var exitCode = await examination.RunAsync(cancellationToken);

        using var output = new Output();
        output.WriteLine(parsed.GetValue(Json) ? Report.Json(settings, examination.Checks) : Report.Text(examination.Checks, IsColored()));
        return exitCode;
    }

    private static bool IsColored() =>
        !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
}
