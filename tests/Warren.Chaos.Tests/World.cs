using System.Text.Json;
using Warren.Chaos.Host;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Chaos.Tests;

/// <summary>A broker, a store, a coordinator and some workers, each in a process of its own and each worker behind a proxy of its own.</summary>
internal sealed class World : IAsyncDisposable
{
    private const int WorkerCount = 2;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-chaos-");
    private readonly List<Node> _all = [];
    private readonly string _store;
    private int _logs;

    private readonly int _concurrency;

    private World(IBrokerProcess broker, string url, string? postgres, MessageBus bus, int concurrency)
    {
        _concurrency = concurrency;
        (Broker, Bus) = (broker, bus);
        VirtualHost = Uri.UnescapeDataString(new Uri(url).AbsolutePath.TrimStart('/'));
        _store = postgres ?? $"sqlite:{Path.Combine(_directory.FullName, "warren.db")}";
        CoordinatorProxy = TcpProxy.Start(url);
        CoordinatorUrl = CoordinatorProxy.Rewrite(url);
        WorkerProxies = [.. Enumerable.Range(0, WorkerCount).Select(_ => TcpProxy.Start(url))];
        WorkerUrls = [.. WorkerProxies.Select(proxy => proxy.Rewrite(url))];
    }

    /// <summary>How long a silent worker keeps its jobs: short, for many rounds.</summary>
    public static TimeSpan ShortLease { get; } = TimeSpan.FromMilliseconds(1200);

    /// <summary>How long a silent worker keeps its jobs.</summary>
    public TimeSpan Lease { get; private init; } = ShortLease;

    public IBrokerProcess Broker { get; }

    public MessageBus Bus { get; }

    /// <summary>The virtual host, as the broker calls it.</summary>
    public string VirtualHost { get; }

    public TcpProxy CoordinatorProxy { get; }

    public IReadOnlyList<TcpProxy> WorkerProxies { get; }

    public Node Coordinator { get; private set; } = null!;

    public Node[] Workers { get; } = new Node[WorkerCount];

    /// <summary>Why a submit was last not answered.</summary>
    public MessagingException? LastRefusal { get; private set; }

    private string CoordinatorUrl { get; }

    private IReadOnlyList<string> WorkerUrls { get; }

    public static async Task<World> StartAsync(IBrokerProcess broker, string? postgres, int concurrency = 8, TimeSpan? lease = null)
    {
        var url = await broker.NewVirtualHostAsync();
        var world = new World(broker, url, postgres, await MessageBus.ConnectAsync(url), concurrency) { Lease = lease ?? ShortLease };
        await world.StartCoordinatorAsync();
        for (var i = 0; i < WorkerCount; i++)
            await world.StartWorkerAsync(i);
        return world;
    }

    public async Task StartCoordinatorAsync() => _all.Add(Coordinator = await Node.StartAsync(
        "coordinator", _store, CoordinatorUrl, ((int)Lease.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture), NextLog("coordinator")));

    public async Task StartWorkerAsync(int i) =>
        _all.Add(Workers[i] = await Node.StartAsync("worker", _directory.FullName, WorkerUrls[i], _concurrency.ToString(System.Globalization.CultureInfo.InvariantCulture), NextLog($"worker{i}")));

    /// <summary>Hands a job in until it is answered, always under the same id, as a client does.</summary>
    public async Task SubmitAsync(JobId id, ChaosArgs args, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new SubmitMessage { Id = id, Kind = ChaosKind.Work.Name, Args = JsonSerializer.SerializeToElement(args, JobJson.Options) }, JobJson.Options);
        while (true)
        {
            try
            {
                var reply = await Bus.RequestAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(WireNames.SubmitQueue, body, TimeSpan.FromSeconds(3), cancellationToken);
                var answer = JsonSerializer.Deserialize<SubmitReply>(reply.Span, JobJson.Options)!;
                Assert.Null(answer.Error);
                return;
            }
            catch (MessagingException failed) when (!cancellationToken.IsCancellationRequested)
            {
                LastRefusal = failed;
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
            }
        }
    }

    /// <summary>Asks the coordinator until it answers.</summary>
    public async Task<JobReply> AskAsync(JobRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var reply = await Bus.RequestAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(
                    WireNames.RequestQueue, JsonSerializer.SerializeToUtf8Bytes(request, JobJson.Options), TimeSpan.FromSeconds(3), cancellationToken);
                return JsonSerializer.Deserialize<JobReply>(reply.Span, JobJson.Options)!;
            }
            catch (MessagingException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
            }
        }
    }

    /// <summary>What happened to some jobs, once they have all ended or there is no more time.</summary>
    public async Task<History> ReadAsync(IReadOnlyDictionary<JobId, int> accepted, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience, TimeProvider.System);
        // Beyond the wait for their ends there has to be time to look at them.
        using var look = new CancellationTokenSource(patience + TimeSpan.FromSeconds(60), TimeProvider.System);
        var jobs = new Dictionary<JobId, Job>();
        foreach (var id in accepted.Keys)
        {
            var job = (await AskAsync(new() { Op = JobOperation.Get, Id = id }, look.Token)).Job;
            while (job?.State.IsEnd() == false && !limit.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, look.Token);
                job = (await AskAsync(new() { Op = JobOperation.Get, Id = id }, look.Token)).Job;
            }
            if (job is not null)
                jobs.Add(id, job);
        }

        var events = new Dictionary<JobId, IReadOnlyList<JobEvent>>();
        var results = new Dictionary<JobId, JsonElement>();
        foreach (var (id, job) in jobs)
        {
            events.Add(id, (await AskAsync(new() { Op = JobOperation.Events, Id = id }, look.Token)).Events ?? []);
            if (job.State == JobState.Succeeded && (await AskAsync(new() { Op = JobOperation.Result, Id = id }, look.Token)).Result is { } result)
                results.Add(id, result);
        }
        var ids = accepted.Keys.Select(id => id.Value).ToHashSet();
        var lines = Lines().Where(line => ids.Contains(line.Job)).ToList();
        return new(
            accepted, lines, jobs, events, results,
            _all.SelectMany(node => node.Frozen.Select(frozen => (node.Id, frozen))).ToLookup(pair => pair.Id, pair => pair.frozen),
            _all.GroupBy(node => node.Id).ToDictionary(nodes => nodes.Key, nodes => nodes.Last().Ended ?? Node.Now));
    }

    /// <summary>The jobs whose handlers have begun.</summary>
    public IReadOnlySet<JobId> Begun() => Lines().Select(line => new JobId(line.Job)).ToHashSet();

    /// <summary>What the logs say of a job.</summary>
    public string LogsOf(IEnumerable<string> words)
    {
        var wanted = words.ToList();
        return string.Join('\n', Directory.GetFiles(_directory.FullName, "*.log").SelectMany(
            log => Text(log).Split('\n').Where(line => wanted.Exists(line.Contains)).TakeLast(40).Select(line => $"{Path.GetFileName(log)}: {line}")));
    }

    /// <summary>The ends of the logs of those who run now.</summary>
    public string EndsOfLogs() => string.Join('\n', Directory.GetFiles(_directory.FullName, "*.log")
        .GroupBy(log => Path.GetFileName(log).Split('-')[0])
        .Select(logs => logs.MaxBy(File.GetCreationTimeUtc)!)
        .SelectMany(log => Text(log).Split('\n').TakeLast(60).Select(line => $"{Path.GetFileName(log)}: {line}")));

    // A process that was killed may have left half a line.
    private IEnumerable<HistoryLine> Lines() => Directory.GetFiles(_directory.FullName, "history-*.jsonl")
        .SelectMany(file => Text(file).Split('\n')[..^1])
        .Select(line => JsonSerializer.Deserialize<HistoryLine>(line)!);

    private static string Text(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    public async ValueTask DisposeAsync()
    {
        await Bus.DisposeAsync();
        foreach (var node in _all)
            await node.DisposeAsync();
        foreach (var proxy in WorkerProxies.Append(CoordinatorProxy))
            await proxy.DisposeAsync();
        await Broker.DisposeAsync();
        if (Environment.GetEnvironmentVariable("WARREN_TEST_KEEP") is null)
            _directory.Delete(recursive: true);
    }

    private string NextLog(string name) => Path.Combine(_directory.FullName, $"{name}-{Interlocked.Increment(ref _logs)}.log");
}
