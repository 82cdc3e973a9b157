using System.CommandLine;
using Warren.Benchmarks.Brokers;
using Warren.Benchmarks.Commands;
using Warren.Benchmarks.Jobs;
using Warren.Benchmarks.Libraries.Raw;
using Warren.Benchmarks.Libraries.Sockets;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

var catalog = new VariantCatalog(
    [
        .. RawLibrary.Variants,
        .. SocketLibrary.Variants,
        .. Warren.Benchmarks.Libraries.Warren.WarrenLibrary.Variants,
    ],
    RawPublish.FillAsync);
if (await catalog.AnswerAsync(args) is { } exitCode)
    return exitCode;
if (args is [EmbeddedBrokerProcess.Verb, var directory])
    return await EmbeddedBrokerProcess.RunAsync(directory);
if (await JobProcesses.RunAsync(args) is { } ended)
    return ended;

var root = new RootCommand("Measures Warren against RabbitMQ.Client and other libraries: same run, interleaved rounds, medians and ratios.");
foreach (var work in Work.All)
    root.Add(new WorkCommand(work.Name, work.Summary, [work]));
root.Add(new StorageCommand());
root.Add(new StoresCommand());
root.Add(new JobsCommand());
root.Add(new GradingCommand());
root.Add(new WorkCommand("all", "Every work.", Work.All));
root.Add(new BrokerCommand());
return await root.Parse(args).InvokeAsync();
