using System.CommandLine;

namespace Warren.Cli.Commands;

/// <summary><c>warren help [VERB]</c>: what <c>--help</c> says.</summary>
internal static class HelpCommand
{
    /// <summary>The verb, for the program whose verbs it explains.</summary>
    public static Command Create(RootCommand root)
    {
        var verb = new Argument<string?>("VERB") { Arity = ArgumentArity.ZeroOrOne, Description = "The verb to explain." };
        var command = new Command("help", "Explain a verb, or list them all.") { verb };
        command.SetAction((parsed, cancellationToken) =>
        {
            var name = parsed.GetValue(verb);
            if (name is not null && root.Subcommands.All(known => known.Name != name))
                throw new UsageException($"There is no verb '{name}'; there are {string.Join(", ", root.Subcommands.Select(known => known.Name))}.");
            return root.Parse(name is null ? ["--help"] : [name, "--help"]).InvokeAsync(cancellationToken: cancellationToken);
        });
        return command;
    }
}
