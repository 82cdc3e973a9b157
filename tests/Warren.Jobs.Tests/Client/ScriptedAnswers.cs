using System.Text.Json;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Client;

/// <summary>The other side of a client: answers submits and requests as a test tells it, and publishes events.</summary>
internal sealed class ScriptedAnswers : IAsyncDisposable
{
    private const string EchoQueue = "warren.tests.echo";

    private readonly List<Subscription> _subscriptions = [];

    private ScriptedAnswers(MessageBus bus) => Bus = bus;

    public MessageBus Bus { get; }

    public Arrivals<SubmitMessage> Submits { get; } = new();

    public Arrivals<JobRequest> Requests { get; } = new();

    public Func<SubmitMessage, SubmitReply> OnSubmit { get; set; } = submit => new SubmitReply { Id = submit.Id, State = JobState.Queued };

    public Func<JobRequest, JobReply> OnRequest { get; set; } = _ => new JobReply { Error = new("job_not_found", "There is no such job.") };

    /// <summary>Whether a submit is answered.</summary>
    public Func<SubmitMessage, bool> Answers { get; set; } = _ => true;

    public static async Task<ScriptedAnswers> StartAsync(string url)
    {
        var answers = new ScriptedAnswers(await MessageBus.ConnectAsync(url, cancellationToken: TestContext.Current.CancellationToken));
        await answers.ListenAsync();
        return answers;
    }

    /// <summary>The events of a job from a number on, as the store would answer; what is still added to must bear to be read meanwhile.</summary>
    public void Store(JobId id, IReadOnlyCollection<JobEvent> events) => OnRequest = request => request switch
    {
        { Op: JobOperation.Events } when request.Id == id => new JobReply { Events = [.. events.Where(happened => happened.Number > request.After).Take(2)] },
        { Op: JobOperation.Get } when request.Id == id => new JobReply { Job = Job(id, events.Last().IsEnd ? JobState.Succeeded : JobState.Running, events.Last().Number) },
        _ => new JobReply { Error = new("job_not_found", $"There is no job {request.Id}.") },
    };

    /// <summary>Moves a client's clock step by step until something has happened, no faster than questions are answered.</summary>
    public Task AdvanceUntilAsync(ManualTimeProvider time, Func<bool> happened) => ClockSteps.UntilAsync(
        time,
        () => Bus.RequestAsync<int, int>(EchoQueue, 1, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken),
        () => Task.FromResult(happened()),
        TimeSpan.FromSeconds(1));

    public Task PublishAsync(JobEvent happened)
    {
        ReadOnlyMemory<byte> body = JsonSerializer.SerializeToUtf8Bytes(happened, JobJson.Options);
        return Bus.PublishAsync(WireNames.EventExchange, $"{happened.Job}.any", body);
    }

    public static Job Job(JobId id, JobState state, long number = 0) => new()
    {
        Id = id,
        Kind = "text.count",
        State = state,
        Attempt = 1,
        MaxAttempts = 5,
        CreatedAt = DateTimeOffset.UnixEpoch,
        EventNumber = number,
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var subscription in _subscriptions)
            await subscription.DisposeAsync();
        await Bus.DisposeAsync();
    }

    private async Task ListenAsync()
    {
        _subscriptions.Add(await Bus.RespondAsync<int, int>(EchoQueue, (number, _, _) => Task.FromResult(number)));
        _subscriptions.Add(await Bus.RespondAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(WireNames.SubmitQueue, async (body, _, cancellationToken) =>
        {
            var submit = JsonSerializer.Deserialize<SubmitMessage>(body.Span, JobJson.Options)!;
            var isAnswered = Answers(submit);
            Submits.Add(submit);
            if (!isAnswered)
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return JsonSerializer.SerializeToUtf8Bytes(OnSubmit(submit), JobJson.Options);
        }));
        _subscriptions.Add(await Bus.RespondAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(WireNames.RequestQueue, (body, _, _) =>
        {
            var request = JsonSerializer.Deserialize<JobRequest>(body.Span, JobJson.Options)!;
            var reply = OnRequest(request);
            Requests.Add(request);
            return Task.FromResult<ReadOnlyMemory<byte>>(JsonSerializer.SerializeToUtf8Bytes(reply, JobJson.Options));
        }));
    }
}
