using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Warren.Jobs;

namespace Warren.Benchmarks.Jobs;

/// <summary>The processes of a Warren that are measured: a coordinator and a worker, each in one of its own, as they are in production.</summary>
internal static class JobProcesses
{
    /// <summary>The verb of the coordinator: STORE BROKER.</summary>
    public const string Coordinator = "run-jobs-coordinator";

    /// <summary>The verb of the worker: BROKER CONCURRENCY.</summary>
    public const string Worker = "run-jobs-worker";

    /// <summary>The kind that does nothing.</summary>
    public static JobKind<int, int> NoOp { get; } = new("bench.noop");

    /// <summary>Runs one until standard input ends; says ready when its host has started.</summary>
    /// <returns>The exit code, or null if the arguments are for something else.</returns>
    public static async Task<int?> RunAsync(string[] args)
    {
        if (args is not [Coordinator or Worker, _, _])
            return null;
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.SetMinimumLevel(LogLevel.Error).AddSimpleConsole();
        builder.Services.AddWarrenMessaging(options => options.Url = args[0] == Coordinator ? args[2] : args[1]);
        if (args[0] == Coordinator)
            builder.Services.AddWarrenCoordinator(coordinator => coordinator.UseStore(args[1]));
        else
            builder.Services.AddWarrenWorker().Handle(NoOp, options => options.Concurrency = int.Parse(args[2], CultureInfo.InvariantCulture), (number, _, _) => Task.FromResult(number));
        using var host = builder.Build();
        await host.StartAsync();
        await Console.Out.WriteLineAsync("ready");
        await Console.In.ReadToEndAsync();
        await host.StopAsync();
        return 0;
    }
}
