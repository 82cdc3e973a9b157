using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Warren.Chaos.Host;
using Warren.Jobs;

// A coordinator or a worker in a process of its own, for tests that kill it, freeze it or cut it off:
//   coordinator STORE BROKER LEASE_MS LOG
//   worker HISTORY_DIRECTORY BROKER CONCURRENCY LOG
// It says "ready" when its host has started, and ends when its input does. A line on its input moves its wall clock by as many seconds.
var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
builder.Logging.SetMinimumLevel(LogLevel.Debug).AddProvider(new FileLog(args[4]));
var clock = new ShiftedClock();
builder.Services.AddSingleton<TimeProvider>(clock);
builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(20));
builder.Services.AddWarrenMessaging(options =>
{
    options.Url = args[2];
    // As short, beside its default, as the lease is.
    options.WatchdogInterval = TimeSpan.FromSeconds(2);
});
switch (args[0])
{
    case "coordinator":
        var lease = TimeSpan.FromMilliseconds(int.Parse(args[3], System.Globalization.CultureInfo.InvariantCulture));
        builder.Services.AddWarrenCoordinator(coordinator => coordinator.UseStore(args[1]).Configure(options =>
        {
            options.Lease = lease;
            options.Grace = lease / 2;
            options.ScheduleInterval = TimeSpan.FromMilliseconds(50);
            options.SweepInterval = TimeSpan.FromMilliseconds(500);
            options.SweepAfter = TimeSpan.FromSeconds(1);
            options.AcceptUnknownKinds = true;
        }));
        break;
    case "worker":
        var history = new StreamWriter(new FileStream(Path.Combine(args[1], $"history-{Environment.ProcessId}.jsonl"), FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        var gate = new Lock();
        void Write(string run, JobContext job, string what)
        {
            var line = JsonSerializer.Serialize(
                new HistoryLine(run, job.Id.Value, job.Attempt, Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency, what, Environment.ProcessId));
            lock (gate)
                history.WriteLine(line);
        }

        builder.Services.AddWarrenWorker().Handle(
            ChaosKind.Work,
            options =>
            {
                options.Concurrency = int.Parse(args[3], System.Globalization.CultureInfo.InvariantCulture);
                options.Retry = new JobRetryPolicy { Error = 3, Crash = 50, FirstDelay = TimeSpan.FromMilliseconds(20), MaxDelay = TimeSpan.FromMilliseconds(200) };
            },
            async (work, job, token) =>
            {
                var run = Guid.NewGuid().ToString("N");
                Write(run, job, "begin");
                try
                {
                    for (var step = 1; step <= work.Steps; step++)
                    {
                        await Task.Delay(TimeSpan.FromMilliseconds(work.StepMs), TimeProvider.System, token);
                        await job.ReportAsync(100.0 * step / work.Steps, cancellationToken: token);
                        if (work.FailFirst && job.Attempt == 1 && step * 2 > work.Steps)
                            throw new InvalidOperationException("The first attempt fails.");
                    }
                    Write(run, job, "returned");
                    return new ChaosResult(work.Number, job.Attempt, run);
                }
                catch (OperationCanceledException)
                {
                    Write(run, job, "stopped");
                    throw;
                }
                catch (InvalidOperationException)
                {
                    Write(run, job, "threw");
                    throw;
                }
            });
        break;
    default:
        throw new ArgumentException($"'{args[0]}' is neither coordinator nor worker.");
}

using var host = builder.Build();
await host.StartAsync();
Console.WriteLine("ready");
while (await Console.In.ReadLineAsync() is { } seconds)
    clock.Shift(TimeSpan.FromSeconds(int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture)));
await host.StopAsync();
Console.WriteLine("stopped");

namespace Warren.Chaos.Host
{
    /// <summary>The system's clock, whose time of day can be moved; how time passes stays as it is.</summary>
    internal sealed class ShiftedClock : TimeProvider
    {
        private long _ticks;

        public void Shift(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref _ticks));
    }

    /// <summary>A log file that is whole however the process ends.</summary>
    internal sealed class FileLog(string path) : ILoggerProvider
    {
        private readonly StreamWriter _file = new(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        private readonly Lock _gate = new();

        public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName);

        public void Dispose() => _file.Dispose();

        private void Write(string line)
        {
            lock (_gate)
                _file.WriteLine(line);
        }

        private sealed class Lines(FileLog log, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                if (IsEnabled(logLevel))
                    log.Write($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {logLevel} {category}: {formatter(state, exception)} {exception}");
            }
        }
    }
}
