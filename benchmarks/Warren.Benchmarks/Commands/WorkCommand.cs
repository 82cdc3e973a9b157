using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Spectre.Console;
using Warren.Benchmarks.Brokers;
using Warren.Benchmarks.Results;
using Warren.Benchmarks.Running;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;
using Warren.TestKit;

namespace Warren.Benchmarks.Commands;

/// <summary>A verb that runs some works: <c>publish</c>, <c>consume</c>, … or <c>all</c>.</summary>
internal sealed class WorkCommand : Command
{
    private readonly IReadOnlyList<Work> _works;

    private readonly Option<bool> _quick = new("--quick") { Description = "One short round, classic queue and 1 KiB unless named: does it work?" };
    private readonly Option<int?> _rounds = new("--rounds") { Description = "How often each variant runs. The default is 3." };
    private readonly Option<double?> _seconds = new("--seconds") { Description = "Seconds measured per run. The default is 3." };
    private readonly Option<int[]> _sizes = new("--size")
    {
        Description = "Bytes per message: 1k, 16k or a number; several with commas. The default is 1k,16k.",
        CustomParser = static result => [.. Words(result).Select(word => ParseSize(word, result))],
    };
    private readonly Option<QueueKind[]> _queues = new("--queue")
    {
        Description = "classic, quorum; several with commas. The default is both.",
        CustomParser = static result => [.. Words(result).Select(word => ParseQueue(word, result))],
    };
    private readonly Option<string[]> _libraries = new("--library")
    {
        Description = "Only these libraries: raw, warren, masstransit; several with commas.",
        CustomParser = static result => [.. Words(result)],
    };
    private readonly Option<string[]> _variants = new("--variant")
    {
        Description = "Only these variants, and what they are compared with; several with commas.",
        CustomParser = static result => [.. Words(result)],
    };
    private readonly Option<string?> _broker = new("--broker") { Description = "The URL of a broker. The default starts a private RabbitMQ node." };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object with the rows to standard output, and nothing else there." };
    private readonly Option<bool> _write = new("--write") { Description = "Write what was measured, beside the goals, to benchmarks/RESULTS.md." };
    private readonly Option<FileInfo> _results = new("--results")
    {
        Description = "The file that --write writes.",
        Hidden = true,
        DefaultValueFactory = static _ => new FileInfo("RESULTS.md"),
    };
    private readonly Option<FileInfo[]> _peers = new("--peer")
    {
        Description = "A program with further variants.",
        Hidden = true,
        DefaultValueFactory = static _ => [],
    };

    /// <summary>A verb for some works.</summary>
    public WorkCommand(string name, string description, IReadOnlyList<Work> works)
        : base(name, description)
    {
        _works = works;
        foreach (var option in (Option[])[_quick, _rounds, _seconds, _sizes, _queues, _libraries, _variants, _broker, _json, _write, _results, _peers])
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
        var programs = arguments.GetRequiredValue(_peers)
            .Select(static peer => peer.FullName)
            .Prepend(typeof(WorkCommand).Assembly.Location)
            .Select(static assembly => new VariantProgram(assembly));
        var variants = new List<(VariantDescription, VariantProgram)>();
        foreach (var program in programs)
            variants.AddRange((await program.ListAsync(cancellationToken)).Select(description => (description, program)));

        await using var node = arguments.GetValue(_broker) is null ? await RabbitMqNode.StartAsync(cancellationToken: cancellationToken) : null;
        var broker = node?.Url ?? arguments.GetRequiredValue(_broker)!;
        var bench = new Bench(options, new BenchBroker(broker, ProcessId: 0), variants, Console.Error.WriteLine);
        var machine = new Machine(await BrokerVersion.ReadAsync(broker, cancellationToken), bench.Products);
        var cells = await bench.RunAsync(cancellationToken);
        await TellAsync(arguments, options, machine, cells, cancellationToken);
        foreach (var failure in bench.Failures)
            await Console.Error.WriteLineAsync($"FAILED: {failure}");
        return bench.Failures.Count == 0 ? 0 : 1;
    }

    private async Task TellAsync(
        ParseResult arguments, BenchOptions options, Machine machine, CellTable cells, CancellationToken cancellationToken)
    {
        var rows = cells.Cells.Select(Row.From).ToList();
        var json = arguments.GetValue(_json);
        var redirected = json ? Console.IsErrorRedirected : Console.IsOutputRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(json ? Console.Error : Console.Out),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
        });
        // A table cut to the width of a pipe is of no use.
        console.Profile.Width = Math.Max(console.Profile.Width, 160);
        RowTable.Write(console, rows);
        GoalTable.Write(console, MessagingGoals.All, cells);
        if (json)
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(new { rows }, VariantProtocol.Json));
        if (arguments.GetValue(_write))
            await ResultsFile.WriteAsync(arguments.GetRequiredValue(_results).FullName, options, machine, cells, rows, cancellationToken);
    }

    private BenchOptions Read(ParseResult arguments)
    {
        var quick = arguments.GetValue(_quick);
        return new BenchOptions
        {
            Works = _works,
            Sizes = arguments.GetValue(_sizes) is { Length: > 0 } sizes ? sizes : quick ? [1024] : [1024, 16384],
            Queues = arguments.GetValue(_queues) is { Length: > 0 } queues ? queues : quick ? [QueueKind.Classic] : Enum.GetValues<QueueKind>(),
            Libraries = arguments.GetValue(_libraries) ?? [],
            Variants = arguments.GetValue(_variants) ?? [],
            Rounds = arguments.GetValue(_rounds) ?? (quick ? 1 : 3),
            WarmUpSeconds = quick ? 0.5 : 3,
            Seconds = arguments.GetValue(_seconds) ?? (quick ? 1 : 3),
        };
    }

    private static IEnumerable<string> Words(ArgumentResult result) =>
        result.Tokens.SelectMany(static token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private static int ParseSize(string word, ArgumentResult result)
    {
        var kibi = word.EndsWith('k') || word.EndsWith('K');
        if (int.TryParse(kibi ? word[..^1] : word, out var number) && number is > 0 and < 1 << 20)
            return kibi ? number * 1024 : number;
        result.AddError($"'{word}' is no size; a number of bytes, 1k or 16k was expected.");
        return 0;
    }

    private static QueueKind ParseQueue(string word, ArgumentResult result)
    {
        if (Enum.TryParse<QueueKind>(word, ignoreCase: true, out var kind) && Enum.IsDefined(kind))
            return kind;
        result.AddError($"'{word}' is no kind of queue; classic or quorum was expected.");
        return default;
    }
}
