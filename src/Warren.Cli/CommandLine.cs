using System.CommandLine;
using Warren.Cli.Commands;
using Warren.Cli.Server;
using Warren.Messaging;

namespace Warren.Cli;

/// <summary>The verbs of the program, and how each of them ends: one line for a user's mistake, never a stack trace.</summary>
internal static class CommandLine
{
    /// <summary>Runs the verb that the arguments name and returns its exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
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
        root.Add(ConfigCommand.Create());
        root.Add(PublishCommand.Create());
        root.Add(ListenCommand.Create());
        root.Add(BrokerCommand.Create());
        root.Add(HelpCommand.Create(root));

        // Whoever types the name alone wants to know what there is.
        var parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors.Count > 0 && parsed.Action is not System.CommandLine.Help.HelpAction)
        {
            if (parsed.CommandResult.Command == root && parsed.UnmatchedTokens is [var unknown, ..])
                return Fail(ExitCode.Usage, $"There is no verb '{unknown}'; there are {string.Join(", ", root.Subcommands.Select(known => known.Name))}.");
            var verb = parsed.CommandResult.Command is RootCommand ? "warren" : $"warren {parsed.CommandResult.Command.Name}";
            return Fail(ExitCode.Usage, $"{Sentence(parsed.Errors[0].Message)} `{verb} --help` tells what is expected.");
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(10) });
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
    }

    /// <summary>Says what went wrong and returns the exit code.</summary>
    public static int Fail(int exitCode, string message)
    {
        Console.Error.WriteLine($"warren: {message}");
        return exitCode;
    }

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";
}
