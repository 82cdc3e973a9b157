using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Warren.Broker.Connections;
using Warren.Broker.Diagnostics;
using Warren.Broker.Protocol;
using Warren.Broker.Queues;
using Warren.Broker.Storage;

namespace Warren.Broker;

/// <summary>The broker without its network: virtual hosts, users, the log, alarms, and the connections that are open.</summary>
internal sealed partial class Engine : IAsyncDisposable
{
    // Contents of waiting messages beyond this leave memory.
    private const long BodyLimit = 128L * 1024 * 1024;

    private readonly ConcurrentDictionary<string, VirtualHost> _hosts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<AmqpConnection, byte> _connections = new();
    // Held while one is made or deleted: the log is told of that in the same order.
    private readonly Lock _hostsGate = new();
    private readonly Lock _diskAlarmGate = new();
    private readonly MessagePages _pages;
    // Where pages go of a broker that keeps nothing; it goes with the broker.
    private string? _temporary;
    private readonly ILogger _logger;
    private long _lastQueueId;

    private Engine(BrokerOptions options, MessageStore? store, MessagePages pages)
    {
        Options = options;
        Clock = new(options.TimeProvider);
        Events = new(options.TimeProvider);
        Alarms.Changed += (resource, raised) =>
            Events.Listening?.Tell(raised ? new BrokerEvent.AlarmRaised(resource) : new BrokerEvent.AlarmCleared(resource));
        Users = new(options);
        Store = store;
        _pages = pages;
        if (store is not null)
        {
            store.AlarmChanged += _ => SetDiskAlarm(store);
            SetDiskAlarm(store);
        }

        _logger = LoggerFor<Engine>();
        var memoryLimit = options.MemoryLimit ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * 2 / 5;
        Memory = new(Math.Min(BodyLimit, memoryLimit / 2), memoryLimit, store, pages, raised => Alarms.Set("memory", raised, this), options.LoggerFactory.CreateLogger<BodyMemory>());
    }

    /// <summary>What it was started with.</summary>
    public BrokerOptions Options { get; }

    /// <summary>Its time.</summary>
    public BrokerClock Clock { get; }

    /// <summary>Who may log in.</summary>
    public Users Users { get; }

    /// <summary>The log; null when nothing is kept.</summary>
    public MessageStore? Store { get; }

    /// <summary>Where the contents of waiting messages are.</summary>
    public BodyMemory Memory { get; }

    /// <summary>Why publishers are held up, if they are.</summary>
    public Alarms Alarms { get; } = new();

    /// <summary>Those who want to hear what happens.</summary>
    public EventReaders Events { get; }

    /// <summary>The connections that are open.</summary>
    public ICollection<AmqpConnection> Connections => _connections.Keys;

    /// <summary>The virtual hosts.</summary>
    public ICollection<VirtualHost> Hosts => _hosts.Values;

    /// <summary>Opens the log, if anything is kept, and builds up what it has.</summary>
    /// <exception cref="StorageException">The data directory is in use, of a later version, or cannot be written.</exception>
    public static Engine Open(BrokerOptions options)
    {
        var logger = options.LoggerFactory.CreateLogger<MessageStore>();
        var store = options.Data is { } directory
            ? MessageStore.Open(new() { Directory = directory, DiskFreeLimit = options.DiskFreeLimit, OpenFile = options.OpenFile }, options.TimeProvider, logger)
            : null;
        var temporary = options.Data is null ? Directory.CreateTempSubdirectory("warren-broker-").FullName : null;
        var pages = new MessagePages(temporary ?? Path.Combine(options.Data!, "pages"), openFile: options.OpenFile);
        var engine = new Engine(options, store, pages) { _temporary = temporary };
        engine.Recover();
        return engine;
    }

    /// <summary>The logger of a part of the broker.</summary>
    public ILogger LoggerFor<T>() => Options.LoggerFactory.CreateLogger<T>();

    /// <summary>The virtual host of a name, or null.</summary>
    public VirtualHost? FindHost(string name) => _hosts.GetValueOrDefault(name);

    /// <summary>Makes a virtual host, durable before this returns; one that is there stays as it is.</summary>
    public async Task CreateHostAsync(string name, CancellationToken cancellationToken)
    {
        long lsn;
        lock (_hostsGate)
        {
            if (!_hosts.TryAdd(name, new(name, this)) || Store is null)
                return;
            lsn = Keep(Store, name);
        }

        await Store.WaitAsync(lsn, cancellationToken);

        static long Keep(MessageStore store, string name)
        {
            using var record = store.Begin();
            record.PutDefinition(Definitions.KeyOfHost(name), []);
            return record.Commit(urgent: true);
        }
    }

    /// <summary>Deletes a virtual host with all that is in it, durably before this returns; its connections are closed. False when there is none.</summary>
    public async Task<bool> DeleteHostAsync(string name, CancellationToken cancellationToken)
    {
        var lsn = 0L;
        lock (_hostsGate)
        {
            if (!_hosts.TryRemove(name, out var host))
                return false;
            foreach (var connection in _connections.Keys.Where(connection => connection.Host == host))
                connection.CloseBecause(ReplyCode.ConnectionForced, host.DeletedText);
            host.Run(() => lsn = host.DeleteAll());
            host.Stop();
        }

        if (Store is { } store)
            await store.WaitAsync(lsn, cancellationToken);
        return true;
    }

    /// <summary>A number no queue had before.</summary>
    public long NextQueueId() => Interlocked.Increment(ref _lastQueueId);

    /// <summary>A connection is open.</summary>
    public void Opened(AmqpConnection connection) => _connections.TryAdd(connection, 0);

    /// <summary>A connection is over.</summary>
    public void Closed(AmqpConnection connection) => _connections.TryRemove(connection, out _);

    /// <summary>Ends the log in order; the connections are closed before.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts.Values)
            host.Stop();
        if (Store is not null)
            await Store.DisposeAsync();
        _pages.Dispose();
        if (_temporary is not null)
            Directory.Delete(_temporary, recursive: true);
        _temporary = null;
    }

    // By what stands when it is this one's turn: the log's writer works already while this is built.
    private void SetDiskAlarm(MessageStore store)
    {
        lock (_diskAlarmGate)
            Alarms.Set("disk", store.Alarm is not null, store);
    }

    private void Recover()
    {
        foreach (var name in Options.VirtualHosts)
            _hosts.TryAdd(name, new(name, this));
        if (Store is not { } store)
            return;

        var queues = new List<Queue>();
        var recovered = store.Recovered;
        Definitions.Recover(recovered.Definitions, name => _hosts.GetOrAdd(name, new VirtualHost(name, this)), queues.Add);
        // A queue that never held a message is known by its definition alone.
        _lastQueueId = queues.Select(static queue => queue.Id).Append(recovered.HighestQueueId).Max();
        // Several queues may hold one message.
        var known = new Dictionary<StoredMessage, Message>();
        foreach (var queue in queues)
        {
            var messages = recovered.TakeMessages(queue.Id);
            var unknown = messages.Select(message => message.Message).Where(message => !known.ContainsKey(message)).ToArray();
            store.VisitMetadata(unknown, (i, metadata) => known.Add(unknown[i], StoredFacts.Read(metadata, unknown[i])));
            foreach (var message in messages)
            {
                // A quorum queue's count is exact; of a classic queue nobody knows after a crash what was handed out.
                var isRedelivered = queue.Arguments.IsQuorum ? message.DeliveryCount > 0 : message.Delivered || !recovered.Report.WasClosed;
                queue.Recover(known[message.Message], message.Position, message.DeliveryCount, isRedelivered);
            }

            queue.Start();
        }
    }
}
