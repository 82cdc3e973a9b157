using System.CommandLine;

namespace Warren.Cli.Server;

/// <summary>A verb that asks a server one thing: it has <c>--server</c>, <c>--key</c>, <c>--json</c> and <c>--quiet</c>, and answers on standard output.</summary>
internal static class ApiVerb
{
    /// <summary>Prints JSON.</summary>
    public static readonly Option<bool> Json = new("--json") { Description = "Print JSON." };

    /// <summary>Says only what was asked for.</summary>
    public static readonly Option<bool> Quiet = new("--quiet") { Description = "Say nothing on standard error but errors." };

    /// <summary>Shows what would be done.</summary>
    public static readonly Option<bool> DryRun = new("--dry-run") { Description = "Say what would be done, and do nothing." };

    /// <summary>Does it without asking.</summary>
    public static readonly Option<bool> Yes = new("--yes") { Description = "Do not ask." };

    /// <summary>The verb.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does, in a sentence.</param>
    /// <param name="run">Does it.</param>
    /// <param name="symbols">Its own arguments and options.</param>
    public static Command Create(
        string name, string description, Func<ParseResult, ServerConnection, Output, CancellationToken, Task<int>> run, params Symbol[] symbols)
    {
        var (server, key) = ServerConnection.Options();
        var verb = new Command(name, description);
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
                verb.Add(argument);
            else
                verb.Add((Option)symbol);
        }
        verb.Add(Json);
        verb.Add(Quiet);
        verb.Add(server);
        verb.Add(key);
        verb.SetAction(async (parsed, token) =>
        {
            using var connection = ServerConnection.Open(parsed.GetValue(server), parsed.GetValue(key));
            using var output = new Output();
            return await run(parsed, connection, output, token);
        });
        return verb;
    }

    /// <summary>Asks whether something that cannot be undone is meant.</summary>
    /// <returns>True with <c>--yes</c>, or if somebody at a terminal says so.</returns>
    /// <exception cref="UsageException">Nobody can be asked.</exception>
    public static bool IsMeant(ParseResult parsed, string question)
    {
        if (parsed.GetValue(Yes))
            return true;
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
            throw new UsageException($"{question} There is nobody to ask; say --yes, or look first with --dry-run.");
        Console.Error.Write($"{question} [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}
