using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Spectre.Console;
using Warren.AI.Engines;
using Warren.Cli.Server;
using Warren.Cli.Serving;

namespace Warren.Cli.Commands;

/// <summary><c>warren engines list|install</c>: what this machine can do without any service.</summary>
internal static class EnginesCommand
{
    private static readonly Argument<string?> Name = new("NAME") { Description = "The engine. Without it, all that are not installed.", Arity = ArgumentArity.ZeroOrOne };

    private static readonly Option<string?> Data = new("--data")
    {
        HelpName = "DIR", Description = "The directory of data of a server that is run with --data; what npm brings is in engines there. The default is the server's.",
    };

    /// <summary>The noun with its verbs.</summary>
    public static Command Create()
    {
        var list = new Command("list", "List the engines that work offline, and what is missing of each.") { Data, ApiVerb.Json };
        list.SetAction(ListAsync);
        var install = new Command("install", "Install engines: packages of Debian with apt-get, packages of npm in Warren's own directory. It says what it will run, and asks.")
        {
            Name, Data, ApiVerb.DryRun, ApiVerb.Yes,
        };
        install.SetAction(InstallAsync);
        return new("engines", "Engines that grade without any service: what is installed, and installing it.") { list, install };
    }

    /// <summary>The engines of this machine.</summary>
    public static EngineCatalog Catalog(string directory) => new(new SpeechPrograms(), new HarperPrograms(directory));

    private static EngineCatalog Catalog(ParseResult parsed)
    {
        var flags = new Dictionary<string, string?>();
        if (parsed.GetValue(Data) is { } data)
            flags[EnginesFolder.DataKey] = data;
        return Catalog(ServeSettings.ReadEnginesDirectory(new SettingReader(flags)));
    }

    private static async Task<int> ListAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var output = new Output();
        var engines = new List<(OfflineEngine Engine, IReadOnlyList<EnginePart> Missing)>();
        foreach (var engine in Catalog(parsed).All)
            engines.Add((engine, await engine.MissingAsync(cancellationToken)));
        if (parsed.GetValue(ApiVerb.Json))
        {
            output.WriteLine(new JsonArray([.. engines.Select(one => new JsonObject
            {
                ["name"] = one.Engine.Name,
                ["purpose"] = one.Engine.Purpose,
                ["installed"] = one.Missing.Count == 0,
                ["missing"] = new JsonArray([.. one.Missing.Select(part => JsonValue.Create(part.Name))]),
                ["packages"] = new JsonArray([.. one.Missing.Select(part => part.Package).OfType<string>().Select(package => JsonValue.Create(package))]),
                ["advice"] = one.Missing.Count == 0 ? null : one.Engine.Lacks(one.Missing),
            })]).ToJsonString(IndentedJson.Options));
            return ExitCode.Ok;
        }
        var table = new Table().Border(TableBorder.None).AddColumns("engine", "installed", "for", "missing");
        foreach (var (engine, missing) in engines)
        {
            table.AddRow(
                engine.Name, missing.Count == 0 ? "yes" : "no", Markup.Escape(engine.Purpose),
                Markup.Escape(missing.Count == 0 ? "" : $"{engine.Lacks(missing)}. Without it {engine.Without}."));
        }
        JobText.Print(table, output);
        return ExitCode.Ok;
    }

    private static async Task<int> InstallAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var output = new Output();
        var catalog = Catalog(parsed);
        var name = parsed.GetValue(Name);
        var wanted = catalog.All.Where(engine => name is null || engine.Name == name).ToList();
        if (wanted.Count == 0)
            throw new UsageException($"There is no engine '{name}'; there are {string.Join(", ", catalog.All.Select(engine => engine.Name))}.");
        var plan = new List<InstallStep>();
        foreach (var engine in wanted)
        {
            var steps = await catalog.StepsAsync(engine, cancellationToken);
            if (steps.Count == 0)
                output.WriteLine($"{engine.Name} is installed.");
            plan.AddRange(steps);
        }
        if (plan.Count == 0)
            return ExitCode.Ok;

        output.WriteLine("To be run:");
        foreach (var step in plan)
            output.WriteLine($"  {step}");
        if (parsed.GetValue(ApiVerb.DryRun))
            return ExitCode.Ok;
        if (!ApiVerb.IsMeant(parsed, $"{plan.Count} {(plan.Count == 1 ? "command" : "commands")} will be run."))
            return ExitCode.Refused;
        foreach (var step in plan)
        {
            if (!step.NeedsRoot)
                catalog.Unpack();
            if (await RunAsync(step, cancellationToken) is { } problem)
                return CommandLine.Fail(ExitCode.Failed, problem);
        }
        foreach (var engine in wanted)
        {
            var missing = await engine.MissingAsync(cancellationToken);
            if (missing.Count > 0)
                return CommandLine.Fail(ExitCode.Failed, $"It was installed, and still: {engine.Lacks(missing)}.");
            output.WriteLine($"{engine.Name} is installed.");
        }
        return ExitCode.Ok;
    }

    // What it prints goes to standard error: the results of this verb are its own lines.
    private static async Task<string?> RunAsync(InstallStep step, CancellationToken cancellationToken)
    {
        var asRoot = step.NeedsRoot && !Environment.IsPrivilegedProcess;
        var start = new ProcessStartInfo(asRoot ? "sudo" : step.Program, asRoot ? ["-n", step.Program, .. step.Arguments] : step.Arguments)
        {
            WorkingDirectory = step.Directory ?? "", RedirectStandardOutput = true,
        };
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        try
        {
            using var process = Process.Start(start)!;
            await process.StandardOutput.BaseStream.CopyToAsync(Console.OpenStandardError(), cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0
                ? null
                : $"'{step}' ended with exit code {process.ExitCode}.{(asRoot ? " It needs root: run it yourself, and then this command again." : "")}";
        }
        catch (Win32Exception error)
        {
            return $"'{step}' cannot be run here ({error.Message}). Install what is missing by other means: docs/grading.md says what is needed.";
        }
    }
}
