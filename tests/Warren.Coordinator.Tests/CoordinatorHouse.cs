using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Contracts;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Coordinator.Tests;

/// <summary>A coordinator over SQLite in a directory of its own, on an embedded broker; both can be stopped and started again.</summary>
internal sealed class CoordinatorHouse : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-coordinator-");
    private readonly List<WireWorker> _workers = [];

    private readonly string _address;
    private readonly List<Coordinator> _others = [];
    private readonly List<IJobStore> _otherStores = [];

    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;

    private CoordinatorHouse(
        string? address, EmbeddedAmqpBroker broker, MessageBus bus, CoordinatorOptions options, TimeProvider time, ILoggerFactory loggers,
        IReadOnlyList<IJobContract> contracts)
    {
        (Broker, Bus, Options, Contracts, _time, _loggers) = (broker, bus, options, contracts, time, loggers);
        _address = address ?? $"sqlite:{Path.Combine(_directory.FullName, "warren.db")}";
        (Store, Coordinator) = Make();
    }

    public EmbeddedAmqpBroker Broker { get; }

    public MessageBus Bus { get; }

    public CoordinatorOptions Options { get; }

    public IReadOnlyList<IJobContract> Contracts { get; }

    public IJobStore Store { get; private set; }

    public Coordinator Coordinator { get; private set; }

    public JobService Jobs => Coordinator.Jobs;

    public static async Task<CoordinatorHouse> StartAsync(
        string? address = null, Action<CoordinatorOptions>? configure = null, TimeProvider? time = null, ILoggerFactory? loggers = null,
        params IJobContract[] contracts)
    {
        var options = new CoordinatorOptions
        {
            // The workers of these tests renew only when they are told to, and no slow machine is to take their jobs away.
            Lease = TimeSpan.FromSeconds(60),
            ScheduleInterval = TimeSpan.FromMilliseconds(20),
            AcceptUnknownKinds = true,
        };
        configure?.Invoke(options);
        var broker = await EmbeddedAmqpBroker.StartAsync();
        var bus = await MessageBus.ConnectAsync(broker.Url);
        var house = new CoordinatorHouse(address, broker, bus, options, time ?? TimeProvider.System, loggers ?? NullLoggerFactory.Instance, contracts);
        await house.Coordinator.StartAsync(default);
        await house.UntilConsumingAsync();
        return house;
    }

    public Task UntilConsumingAsync() => Eventually.ThatAsync(() => Coordinator.IsConsuming, "the coordinator consumes");

    /// <summary>Stops the coordinator, in order or as if it were killed, and starts another over the same store.</summary>
    public async Task RestartAsync(bool inOrder = true)
    {
        if (inOrder)
            await Coordinator.StopAsync(default);
        await Coordinator.DisposeAsync();
        await Store.DisposeAsync();
        (Store, Coordinator) = Make();
        await Coordinator.StartAsync(default);
        await UntilConsumingAsync();
    }

    /// <summary>Starts one more coordinator over the same store, which must be PostgreSQL.</summary>
    public async Task<Coordinator> StartAnotherAsync()
    {
        var (store, coordinator) = Make();
        _otherStores.Add(store);
        _others.Add(coordinator);
        await coordinator.StartAsync(default);
        await Eventually.ThatAsync(() => coordinator.IsConsuming, "the other coordinator consumes");
        return coordinator;
    }

    public WireWorker NewWorker(string? session = null)
    {
        var worker = new WireWorker(Bus, session);
        _workers.Add(worker);
        return worker;
    }

    public Task<Insertion> SubmitAsync(string kind = "text.stats", string args = """{"text":"hi"}""", Func<SubmitMessage, SubmitMessage>? with = null)
    {
        var message = new SubmitMessage { Kind = kind, Args = JsonDocument.Parse(args).RootElement };
        return Jobs.SubmitAsync(with?.Invoke(message) ?? message, null, default);
    }

    public Task<Job> UntilAsync(JobId id, JobState state) => UntilAsync(id, job => job.State == state, $"the job is {state}");

    public async Task<Job> UntilAsync(JobId id, Func<Job, bool> accept, string what) =>
        (await Eventually.GetAsync(() => Jobs.GetAsync(id, default), job => job is not null && accept(job), what))!;

    public async Task<List<JobEvent>> WatchAsync(JobId id, long after = 0)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        var events = new List<JobEvent>();
        await foreach (var happened in Jobs.WatchAsync(id, after, patience.Token))
            events.Add(happened);
        return events;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
            await worker.DisposeAsync();
        foreach (var coordinator in _others.Append(Coordinator))
        {
            await coordinator.StopAsync(default);
            await coordinator.DisposeAsync();
        }
        foreach (var store in _otherStores.Append(Store))
            await store.DisposeAsync();
        await Bus.DisposeAsync();
        await Broker.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private (IJobStore Store, Coordinator Coordinator) Make()
    {
        var store = StoreAddress.Parse(_address).Create(_time);
        return (store, new(store, Bus, Contracts, Options, _time, _loggers));
    }
}
