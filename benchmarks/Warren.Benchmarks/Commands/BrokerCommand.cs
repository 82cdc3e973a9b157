using EmbeddedBrokerProcess = Warren.Benchmarks.Brokers.EmbeddedBrokerProcess;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Warren.Benchmarks.Brokers;
using Warren.Benchmarks.Results;
using Warren.Benchmarks.Running;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;
using Warren.TestKit;

namespace Warren.Benchmarks.Commands;

/// <summary>The verb that compares the embedded broker with RabbitMQ.</summary>
internal sealed class BrokerCommand : Command
{
    private readonly Option<bool> _quick = new("--quick") { Description = "One short round: does it work?" };
    private readonly Option<int?> _rounds = new("--rounds") { Description = "How often each load runs on each broker. The default is 3." };
    private readonly Option<double?> _seconds = new("--seconds") { Description = "Seconds measured per run. The default is 3." };
    private readonly Option<string[]> _works = new("--work")
    {
        Description = $"Only these works: {string.Join(", ", Work.OfBrokers.Select(static work => work.Name))}; several with commas.",
        CustomParser = static result => [.. Words(result)],
    };
    private readonly Option<string[]> _clients = new("--client")
    {
        Description = "Only these clients: socket, raw; several with commas.",
        CustomParser = static result => [.. Words(result)],
    };
    private readonly Option<string[]> _variants = new("--variant")
    {
        Description = "Only these variants; several with commas.",
        CustomParser = static result => [.. Words(result)],
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object with the rows to standard output, and nothing else there." };
    private readonly Option<bool> _write = new("--write") { Description = "Write what was measured, beside the goals, to benchmarks/RESULTS-broker.md." };
    private readonly Option<FileInfo> _results = new("--results")
    {
        Description = "The file that --write writes.",
        Hidden = true,
        DefaultValueFactory = static _ => new FileInfo("RESULTS-broker.md"),
    };

    /// <summary>The verb.</summary>
    public BrokerCommand()
        : base("broker", "The embedded broker beside RabbitMQ: the same load on both.")
    {
        foreach (var option in (Option[])[_quick, _rounds, _seconds, _works, _clients, _variants, _json, _write, _results])
            Add(option);
        SetAction(RunOrSayWhyNotAsync);
    }

    private async Task<int> RunOrSayWhyNotAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(arguments, cancellationToken);
        }
        catch (VariantFailedException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 1;
        }
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var options = Read(arguments);
        var program = new VariantProgram(typeof(BrokerCommand).Assembly.Location);
        var variants = (await program.ListAsync(cancellationToken)).Select(description => (description, program)).ToList();

        await using var node = await RabbitMqNode.StartAsync(cancellationToken: cancellationToken);
        var rabbitMq = new BenchBroker(
            node.Url, int.Parse(await node.EvaluateAsync("list_to_binary(os:getpid()).", cancellationToken), CultureInfo.InvariantCulture));
        await using var embedded = await EmbeddedBrokerProcess.StartAsync(cancellationToken);

        var bench = new BrokerBench(options, embedded.Broker, rabbitMq, variants, Console.Error.WriteLine);
        var brokers = $"{await BrokerVersion.ReadAsync(rabbitMq.Url, cancellationToken)} beside the embedded broker, "
            + Product.Of(typeof(Broker.EmbeddedBroker));
        var comparison = await bench.RunAsync(cancellationToken);
        await TellAsync(arguments, options, new Machine(brokers, bench.Products), comparison, cancellationToken);
        foreach (var failure in bench.Failures)
            await Console.Error.WriteLineAsync($"FAILED: {failure}");
        return bench.Failures.Count == 0 ? 0 : 1;
    }

    private async Task TellAsync(
        ParseResult arguments, BenchOptions options, Machine machine, BrokerComparison comparison, CancellationToken cancellationToken)
    {
        var rows = BrokerRow.From(comparison);
        var json = arguments.GetValue(_json);
        var redirected = json ? Console.IsErrorRedirected : Console.IsOutputRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(json ? Console.Error : Console.Out),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
        });
        // A table cut to the width of a pipe is of no use.
        console.Profile.Width = Math.Max(console.Profile.Width, 190);
        BrokerTable.Write(console, rows);
        GoalTable.Write(console, BrokerGoals.All, comparison);
        if (json)
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(new { rows }, VariantProtocol.Json));
        if (arguments.GetValue(_write))
            await BrokerResultsFile.WriteAsync(arguments.GetRequiredValue(_results).FullName, options, machine, comparison, rows, cancellationToken);
    }

    private BenchOptions Read(ParseResult arguments)
    {
        var quick = arguments.GetValue(_quick);
        var works = arguments.GetValue(_works) ?? [];
        return new BenchOptions
        {
            Works = [.. Work.OfBrokers.Where(work => works.Length == 0 || works.Contains(work.Name))],
            Sizes = [1024],
            Queues = [QueueKind.Classic],
            Libraries = arguments.GetValue(_clients) ?? [],
            Variants = arguments.GetValue(_variants) ?? [],
            Rounds = arguments.GetValue(_rounds) ?? (quick ? 1 : 3),
            WarmUpSeconds = quick ? 0.5 : 2,
            Seconds = arguments.GetValue(_seconds) ?? (quick ? 1 : 3),
        };
    }

    private static IEnumerable<string> Words(ArgumentResult result) =>
        result.Tokens.SelectMany(static token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
