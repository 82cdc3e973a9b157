using System.Globalization;
using Warren.Broker;
using Warren.Broker.Host;

// An embedded broker in a process of its own, for tests that kill it, fill its disk or watch its memory. The arguments are
// name=value pairs. It says "ready URL" when it takes connections, or "refused MESSAGE", and then answers one line for each line
// it is told; when its input ends, because it was told to stop or because the process of the tests is gone, it ends.
var settings = args.Select(argument => argument.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
using var log = new ConsoleLog();
AppDomain.CurrentDomain.UnhandledException += (_, failure) => log.Write($"UNHANDLED {failure.ExceptionObject}");
TaskScheduler.UnobservedTaskException += (_, failure) => log.Write($"UNOBSERVED {failure.Exception}");

var options = new BrokerOptions { LoggerFactory = log };
options.Users.Add(HostileUser.Name, HostileUser.Make());
foreach (var (name, value) in settings)
{
    switch (name)
    {
        case "listen":
            options.Listen = [value];
            break;
        case "data":
            options.Data = value;
            break;
        case "disk-free-limit":
            options.DiskFreeLimit = long.Parse(value, CultureInfo.InvariantCulture);
            break;
        case "memory-limit":
            options.MemoryLimit = long.Parse(value, CultureInfo.InvariantCulture);
            break;
        case "handshake-timeout":
            options.HandshakeTimeout = TimeSpan.FromMilliseconds(int.Parse(value, CultureInfo.InvariantCulture));
            break;
        case "heartbeat":
            options.Heartbeat = TimeSpan.FromSeconds(int.Parse(value, CultureInfo.InvariantCulture));
            break;
        default:
            throw new ArgumentException($"There is no setting '{name}'.");
    }
}

try
{
    await using var broker = await EmbeddedBroker.StartAsync(options);
    Console.WriteLine($"ready {broker.Url}");
    while (Console.ReadLine() is { } command)
    {
        switch (command)
        {
            case "collect":
                Console.WriteLine(Collect());
                break;
            case "stop":
                return 0;
            default:
                Console.WriteLine($"'{command}' is no command; expected collect or stop.");
                break;
        }
    }

    // Nobody is left who could want it to stop in order.
    Environment.Exit(1);
    return 1;
}
catch (BrokerStartException refusal)
{
    Console.WriteLine($"refused {refusal.Message}");
    return 3;
}

// Bytes that live, after everything that can go is gone; finalizers tell of tasks whose failure nobody looked at.
static long Collect()
{
    for (var i = 0; i < 3; i++)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
    }

    return GC.GetTotalMemory(forceFullCollection: true);
}
