using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Warren.AI.Grading;
using Warren.Jobs;
using Warren.Jobs.Hosting;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading;

/// <summary>A coordinator with the contract of grading and a worker whose graders are the test's, on a broker; and a backend that speaks to them.</summary>
internal sealed class GradingHouse : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly DirectoryInfo _directory;

    private GradingHouse(IHost host, DirectoryInfo directory, MessageBus backend)
    {
        (_host, _directory, Backend) = (host, directory, backend);
        Jobs = host.Services.GetRequiredService<IJobClient>();
    }

    /// <summary>The backend's own connection.</summary>
    public MessageBus Backend { get; }

    public IJobClient Jobs { get; }

    /// <summary>What came by the result queue.</summary>
    public Arrivals<JsonNode> Results { get; } = new();

    /// <summary>The message ids of what came, in the same order.</summary>
    public Arrivals<string> ResultIds { get; } = new();

    /// <summary>How often the grader of essays was asked.</summary>
    public AsyncCounter Graded { get; } = new();

    /// <summary>A score that says how many UTF-16 units the answer had.</summary>
    public static WritingScore ScoreOf(WritingArgs args) => new()
    {
        OverallScore = 5.5, TaskAchievement = 5, CoherenceCohesion = 6, LexicalResource = 5.5, GrammaticalRange = 5.5, Feedback = $"{args.StudentAnswer.Length}", Suggestions = ["Write more."],
        GrammarErrors = [], WordCount = args.StudentAnswer.Split(' ').Length, ProcessingTime = 0.1, Engine = "test",
    };

    public static async Task<GradingHouse> StartAsync(
        string url, Dictionary<string, string?>? settings = null, Func<WritingArgs, JobContext, CancellationToken, Task<WritingScore>>? grade = null, bool withWorker = true,
        Action<WorkerBuilder, IConfiguration>? worker = null, int publishWindow = 1024, CancellationToken cancellationToken = default)
    {
        var directory = Directory.CreateTempSubdirectory("warren-grading-");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        var backend = await MessageBus.ConnectAsync(url, options => (options.MaxMessageBytes, options.PublishWindow) = (64 * 1024 * 1024, publishWindow), cancellationToken: cancellationToken);
        GradingHouse? house = null;
        var builder = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true });
        builder.Services.AddWarrenMessaging(options => (options.Url, options.PublishWindow) = (url, publishWindow));
        builder.Services.AddGradingSettings(configuration);
        builder.Services.AddWarrenCoordinator(coordinator => coordinator.UseSqlite(Path.Combine(directory.FullName, "warren.db")).AddContract<GradingContract>());
        if (worker is not null)
        {
            builder.Services.AddSingleton<IConfiguration>(configuration);
            worker(builder.Services.AddWarrenWorker(), configuration);
        }
        else if (withWorker)
        {
            builder.Services.AddWarrenWorker().Handle(GradingKinds.Writing, options => options.Concurrency = 4, async (args, job, token) =>
            {
                house!.Graded.Increment();
                return grade is null ? ScoreOf(args) : await grade(args, job, token);
            });
        }
        house = new(builder.Build(), directory, backend);
        await house._host.StartAsync(cancellationToken);
        var queue = settings?.GetValueOrDefault("Warren:Grading:SpeakingQueue") ?? "speaking_queue";
        await Eventually.ThatAsync(async () => await IsConsumedAsync(backend, queue), "the contract's queues are consumed", cancellationToken: cancellationToken);
        return house;
    }

    /// <summary>Begins to read the result queue.</summary>
    public Task<Subscription> ReadResultsAsync(string queue = "result_queue") => Backend.ReceiveAsync(
        queue,
        (ReadOnlyMemory<byte> body, MessageContext context, CancellationToken _) =>
        {
            ResultIds.Add(context.MessageId ?? "");
            Results.Add(JsonNode.Parse(body.Span)!);
            return Task.CompletedTask;
        },
        new ReceiveOptions { DeclareQueue = false });

    /// <summary>Publishes as a backend does.</summary>
    public Task PublishAsync(string routingKey, string body, string? correlationId = null, string exchange = "ai_grading") => Backend.PublishAsync(
        exchange, routingKey, (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(body), new PublishOptions { ContentType = "application/json", Mandatory = true, CorrelationId = correlationId });

    /// <summary>A writing job as seed 0's backend sends it, with some fields changed.</summary>
    public static string WritingJob(string id, Action<JsonObject>? change = null)
    {
        var job = new JsonObject
        {
            ["job_id"] = id, ["user_id"] = 1, ["attempt_id"] = 2, ["question_id"] = 3, ["task_type"] = "task2", ["prompt"] = "Discuss.",
            ["student_answer"] = "I agree with this.", ["target_level"] = "B2", ["callback_url"] = "http://localhost:3000/callback",
        };
        change?.Invoke(job);
        return job.ToJsonString(JobJson.Options);
    }

    private static async Task<bool> IsConsumedAsync(MessageBus backend, string queue)
    {
        try
        {
            return (await backend.Queues.InfoAsync(queue)).ConsumerCount > 0;
        }
        catch (QueueOperationException missing) when (missing.Reason == QueueFailureReason.NotFound)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Backend.DisposeAsync();
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
