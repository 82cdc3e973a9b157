using System.CommandLine;
using Warren.Cli.Commands;
using Warren.Cli.Server;
using Warren.Messaging;

namespace Warren.Cli;

/// <summary>The verbs of the program, and how each of them ends: one line for a user's mistake, never a stack trace.</summary>
internal static class CommandLine
{
    // A shell's habit: 128 and the number of SIGINT.
    private const int Interrupted = 130;

    // @FILE means the contents of a file to `submit --args`, and nothing to the others.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    private static readonly string[] Stopping = ["serve", "worker", "demo"];

    /// <summary>Runs the verb that the arguments name and returns its exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var root = Create();

        // Whoever types the name alone wants to know what there is.
        var parsed = root.Parse(args.Length == 0 ? ["--help"] : args, Parsing);
        if (parsed.Errors.Count > 0 && parsed.Action is not System.CommandLine.Help.HelpAction)
        {
            return Fail(ExitCode.Usage, Mistake(parsed));
        }

        try
        {
            // Those that listen for signals themselves stop in their own time; the rest have ten seconds.
            var patience = Stopping.Contains(parsed.CommandResult.Command.Name) ? (TimeSpan?)null : TimeSpan.FromSeconds(10);
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = patience });
        }
        catch (UsageException error)
        {
            return Fail(ExitCode.Usage, error.Message);
        }
        catch (CannotStartException error)
        {
            return Fail(ExitCode.Unreachable, error.Message);
        }
        catch (ServerException error)
        {
            return Fail(error.ExitCode, error.Message);
        }
        catch (OutputClosedException)
        {
            // Whoever read our output has seen enough, as `head` does.
            return ExitCode.Ok;
        }
        catch (MessagingException error)
        {
            return Fail(ExitCode.Of(error), error.Message);
        }
        catch (OperationCanceledException)
        {
            // By ctrl-C; a verb that has more to say of it has said so.
            return Interrupted;
        }
    }

    /// <summary>All verbs.</summary>
    public static RootCommand Create()
    {
        var root = new RootCommand("Warren: durable AI jobs and messaging on RabbitMQ. Every verb explains itself with --help.");
        root.Add(ServeCommand.Create());
        root.Add(ServeCommand.CreateWorker());
        root.Add(SubmitCommand.Create());
        root.Add(WatchCommand.Create());
        root.Add(DemoCommand.Create());
        root.Add(DoctorCommand.Create());
        root.Add(JobsCommand.Create());
        root.Add(QueuesCommand.Create());
        root.Add(DeadLettersCommand.Create());
        root.Add(KeysCommand.Create());
        root.Add(EnginesCommand.Create());
        root.Add(ConfigCommand.Create());
        root.Add(DrainCommand.Create());
        root.Add(PublishCommand.Create());
        root.Add(ListenCommand.Create());
        root.Add(BrokerCommand.Create());
        root.Add(HelpCommand.Create(root));
        return root;
    }

    /// <summary>Says what went wrong and returns the exit code.</summary>
    public static int Fail(int exitCode, string message)
    {
        Console.Error.WriteLine($"warren: {message}");
        return exitCode;
    }

    private static string Mistake(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = Path(parsed.CommandResult);
        if (command.Subcommands.Count > 0)
        {
            var there = $"there are {string.Join(", ", command.Subcommands.Select(known => known.Name))}.";
            var within = command is RootCommand ? "" : $" `{path}`";
            return parsed.UnmatchedTokens is [var unknown, ..] ? $"There is no verb '{unknown}'{(within.Length == 0 ? "" : " of" + within)}; {there}" : $"A verb is missing after{within}; {there}";
        }
        return $"{Sentence(parsed.Errors[0].Message)} `{path} --help` tells what is expected.";
    }

    private static string Path(System.CommandLine.Parsing.CommandResult result) => result.Command is RootCommand ? "warren"
        : result.Parent is System.CommandLine.Parsing.CommandResult above ? $"{Path(above)} {result.Command.Name}"
        : result.Command.Name;

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";
}
