using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Warren.AI.Chat;
using Warren.AI.Grading;
using Warren.AI.Tests.Chat;
using Warren.Jobs;
using Warren.Server.Testing;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading.Writing.Chat;

/// <summary>A Warren that grades writing with a test's endpoint. Errors and timeouts are retried once, without a pause worth the name.</summary>
internal sealed class ChatHouse : IAsyncDisposable
{
    private ChatHouse(OpenAiServer server, WarrenTestHost warren)
    {
        Server = server;
        Warren = warren;
    }

    public OpenAiServer Server { get; }

    public WarrenTestHost Warren { get; }

    /// <summary>The job that was waited for last, as it stands at its end.</summary>
    public Job Job { get; private set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static Task<ChatHouse> StartAsync(params IEnumerable<OpenAiAnswer> answers) => StartAsync(_ => { }, answers);

    public static async Task<ChatHouse> StartAsync(Action<ChatOptions> configure, params IEnumerable<OpenAiAnswer> answers)
    {
        var server = await OpenAiServer.StartAsync(answers);
        var settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Warren:Kinds:grading_writing:Retry:Error"] = "1",
            ["Warren:Kinds:grading_writing:Retry:Timeout"] = "1",
            ["Warren:Kinds:grading_writing:Retry:FirstDelay"] = "00:00:00.001",
        }).Build();
        var warren = await WarrenTestHost.StartAsync(
            worker =>
            {
                worker.Services.AddLogging();
                worker.Services.AddSingleton<IConfiguration>(settings);
                worker.AddGrading(settings);
                worker.Services.Configure<ChatOptions>(options =>
                {
                    (options.Endpoint, options.ApiKey, options.Model) = (server.Url, Endpoint.Key, "some-model");
                    configure(options);
                });
            },
            cancellationToken: Stop);
        return new(server, warren);
    }

    /// <summary>The pause that an attempt is followed by.</summary>
    public static async Task<JobRetryScheduled> RetryOfAsync(JobHandle<WritingScore> handle)
    {
        await foreach (var happened in handle.WatchAsync(Stop))
        {
            if (happened is JobRetryScheduled retry)
                return retry;
        }
        throw new InvalidOperationException("The job ended, and no attempt was to follow.");
    }

    public Task<JobHandle<WritingScore>> SubmitAsync(string essay) => Warren.Jobs.SubmitAsync(
        GradingKinds.Writing,
        new() { TaskType = WritingTask.Task2, Prompt = "Are people too busy?", StudentAnswer = essay, TargetLevel = TargetLevel.B1 },
        cancellationToken: Stop);

    public async Task<WritingScore> GradeAsync(string essay)
    {
        var handle = await SubmitAsync(essay);
        var score = await handle.ResultAsync(Stop);
        Job = (await Warren.Jobs.GetAsync(handle.Id, Stop))!;
        return score;
    }

    public async Task<JobFailedException> FailAsync(string essay)
    {
        var handle = await SubmitAsync(essay);
        var failure = await Assert.ThrowsAsync<JobFailedException>(() => handle.ResultAsync(Stop));
        Job = (await Warren.Jobs.GetAsync(handle.Id, Stop))!;
        return failure;
    }

    /// <summary>How many places of errors were moved, and how many errors dropped, in the job that was waited for last.</summary>
    public (double Moved, double Dropped) Metrics() => (Job.Metrics!["grammar_errors_moved"], Job.Metrics["grammar_errors_dropped"]);

    public async ValueTask DisposeAsync()
    {
        await Warren.DisposeAsync();
        await Server.DisposeAsync();
    }
}
