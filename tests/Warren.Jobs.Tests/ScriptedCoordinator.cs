using System.Collections.Concurrent;
using System.Text.Json;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Jobs.Tests;

/// <summary>The other side of a worker: speaks the protocol by hand, answers claims as a test tells it, and keeps what is reported.</summary>
internal sealed class ScriptedCoordinator : IAsyncDisposable
{
    private const string EchoQueue = "warren.tests.echo";

    private readonly MessageBus _bus;
    private readonly ConcurrentDictionary<(JobId, int), string> _owners = new();
    private readonly List<Subscription> _subscriptions = [];

    private ScriptedCoordinator(MessageBus bus) => _bus = bus;

    /// <summary>The bus it speaks on.</summary>
    public MessageBus Bus => _bus;

    /// <summary>What came on warren.claims.</summary>
    public Arrivals<ClaimMessage> Claims { get; } = new();

    /// <summary>What came on warren.fold, message by message.</summary>
    public Arrivals<ReportMessage> Messages { get; } = new();

    /// <summary>All reports.</summary>
    public Arrivals<Report> Reports { get; } = new();

    /// <summary>Terminal reports, of all jobs.</summary>
    public Arrivals<Report> Ends { get; } = new();

    /// <summary>How claims are answered. The default grants each to the first who asks, and to that one again.</summary>
    public Func<string, AttemptRef, Grant>? OnClaim { get; set; }

    /// <summary>Whether a message is answered at all. The default is yes.</summary>
    public Func<ClaimMessage, bool> Answers { get; set; } = _ => true;

    /// <summary>Told as lost with each answer.</summary>
    public ConcurrentBag<JobId> Lost { get; } = [];

    /// <summary>Told as canceled with each answer.</summary>
    public ConcurrentBag<JobId> Canceled { get; } = [];

    /// <summary>Whether workers are asked for their description.</summary>
    public bool Describe { get; set; }

    public double Lease { get; set; } = 30;

    public double Grace { get; set; } = 5;

    public static async Task<ScriptedCoordinator> StartAsync(string url)
    {
        var coordinator = new ScriptedCoordinator(await MessageBus.ConnectAsync(url, cancellationToken: TestContext.Current.CancellationToken));
        await coordinator._bus.DeclareAsync(new TopologyDefinition
        {
            Exchanges = [new(WireNames.EventExchange), new(WireNames.ControlExchange)],
            Queues = [new(WireNames.FoldQueue), new(WireNames.SubmitQueue), new(WireNames.RequestQueue) { Type = QueueType.Classic }],
        });
        await coordinator.ListenAsync();
        coordinator._subscriptions.Add(await coordinator._bus.RespondAsync<int, int>(EchoQueue, (number, _, _) => Task.FromResult(number)));
        return coordinator;
    }

    /// <summary>Returns after a question has gone to the broker, to who answers it, and back: what went before, elsewhere, has had as long.</summary>
    public async Task RoundTripAsync() =>
        Assert.Equal(1, await _bus.RequestAsync<int, int>(EchoQueue, 1, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));

    /// <summary>
    /// Moves a worker's clock step by step until something has happened. A step takes no less than a round trip: so the worker's own
    /// questions are answered within a few steps, however slow the machine is.
    /// </summary>
    public Task AdvanceUntilAsync(ManualTimeProvider time, Func<bool> happened, TimeSpan? step = null) =>
        AdvanceUntilAsync(time, () => Task.FromResult(happened()), step);

    /// <inheritdoc cref="AdvanceUntilAsync(ManualTimeProvider, Func{bool}, TimeSpan?)"/>
    public Task AdvanceUntilAsync(ManualTimeProvider time, Func<Task<bool>> happened, TimeSpan? step = null) =>
        ClockSteps.UntilAsync(time, RoundTripAsync, happened, step ?? TimeSpan.FromSeconds(1));

    /// <summary>Begins to read claims and reports.</summary>
    public async Task ListenAsync()
    {
        _subscriptions.Add(await _bus.RespondAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(
            WireNames.ClaimQueue, AnswerAsync, new RespondOptions { Concurrency = 1000 }));
        _subscriptions.Add(await _bus.ReceiveAsync<ReadOnlyMemory<byte>>(WireNames.FoldQueue, FoldAsync, new ReceiveOptions { Concurrency = 1 }));
    }

    /// <summary>Puts a job's message into its queue.</summary>
    public async Task<JobId> DispatchAsync(string kind, string args = "{}", JobId? id = null, int attempt = 1, string? lane = null)
    {
        var job = id ?? JobId.New();
        var queue = WireNames.JobQueue(kind, lane);
        await _bus.DeclareAsync(new TopologyDefinition { Queues = [new(queue)] });
        ReadOnlyMemory<byte> body = System.Text.Encoding.UTF8.GetBytes(args);
        await _bus.SendAsync(queue, body, new PublishOptions
        {
            MessageId = job.ToString(),
            Headers = new Dictionary<string, object?> { [WireNames.AttemptHeader] = attempt },
            ContentType = "application/json",
        });
        return job;
    }

    /// <summary>Tells a session that jobs were canceled.</summary>
    public Task HintAsync(string session, params JobId[] canceled)
    {
        ReadOnlyMemory<byte> body = JsonSerializer.SerializeToUtf8Bytes(new ControlMessage { Session = session, Cancel = canceled }, JobJson.Options);
        return _bus.PublishAsync(WireNames.ControlExchange, session, body, new PublishOptions { Mandatory = true });
    }

    /// <summary>The reports of one job, in the order they came.</summary>
    public IReadOnlyList<Report> Of(JobId id) => [.. Reports.Items.Where(report => report.Job == id)];

    /// <summary>The terminal report of a job, once it is there.</summary>
    public async Task<T> EndAsync<T>(JobId id)
        where T : Report
    {
        for (var count = 1; ; count++)
        {
            var ends = await Ends.WaitForAsync(count, cancellationToken: TestContext.Current.CancellationToken);
            if (ends[count - 1].Job == id)
                return Assert.IsType<T>(ends[count - 1]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var subscription in _subscriptions)
            await subscription.DisposeAsync();
        await _bus.DisposeAsync();
    }

    private async Task<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> body, MessageContext context, CancellationToken cancellationToken)
    {
        var message = JsonSerializer.Deserialize<ClaimMessage>(body.Span, JobJson.Options)!;
        var answers = Answers(message);
        var grants = message.Claim?.Select(attempt => OnClaim?.Invoke(message.Session, attempt) ?? Grant(message.Session, attempt)).ToList();
        Claims.Add(message);
        // Kept until the test ends: an answer that never comes.
        if (!answers)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return JsonSerializer.SerializeToUtf8Bytes(
            new ClaimReply { Claims = grants, Lost = [.. Lost], Cancel = [.. Canceled], Lease = Lease, Grace = Grace, Describe = Describe && message.Worker is null },
            JobJson.Options);
    }

    private Grant Grant(string session, AttemptRef attempt)
    {
        var owner = _owners.GetOrAdd((attempt.Job, attempt.Attempt), session, out var isNew);
        return new Grant
        {
            Job = attempt.Job,
            Attempt = attempt.Attempt,
            Answer = isNew ? GrantAnswer.Granted : owner == session ? GrantAnswer.Yours : GrantAnswer.Elsewhere,
        };
    }

    private Task FoldAsync(ReadOnlyMemory<byte> body, MessageContext context, CancellationToken cancellationToken)
    {
        var message = JsonSerializer.Deserialize<ReportMessage>(body.Span, JobJson.Options)!;
        foreach (var report in message.Reports)
        {
            Reports.Add(report);
            if (report is SucceededReport or FailedReport or CanceledReport or ReleasedReport)
                Ends.Add(report);
        }
        Messages.Add(message);
        return Task.CompletedTask;
    }
}

internal static class DictionaryExtensions
{
    /// <summary>As GetOrAdd, and says whether the value is new.</summary>
    public static TValue GetOrAdd<TKey, TValue>(this ConcurrentDictionary<TKey, TValue> dictionary, TKey key, TValue value, out bool isNew)
        where TKey : notnull
    {
        isNew = dictionary.TryAdd(key, value);
        return isNew ? value : dictionary[key];
    }
}
