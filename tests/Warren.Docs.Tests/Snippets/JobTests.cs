using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Warren.Broker;
using Warren.Jobs;
using Warren.Messaging;
using Warren.Messaging.Topology;
using Warren.Server.Testing;
using Warren.TestKit;

namespace Warren.Docs.Tests.Snippets;

public class JobTests
{
#pragma warning disable IDE1006 // Named as the documents name it.
    private const string store = "sqlite::memory:";
#pragma warning restore IDE1006

    private EmbeddedBroker? _broker;

    [Fact]
    public async Task A_worker_in_a_host_does_what_a_client_submits()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: ct);
        var builder = NewBuilder(broker);
        builder.Services.AddSingleton<IChatClient, FirstWords>();
#pragma warning disable IDE0055 // Set as the documents have it.
        // <snippet:worker>
        builder.Services.AddWarrenMessaging();                           // the broker's URL is all a worker needs
        builder.Services.AddWarrenWorker()
            .Handle(AppJobs.Summarize, o => { o.Concurrency = 4; o.AttemptTimeout = TimeSpan.FromMinutes(5); }).With<SummarizeHandler>();
        builder.Services.AddWarrenCoordinator(c => c.UseStore(store));   // "sqlite:jobs.db", "postgres://…"; only in the app that owns the store
        // </snippet>
        using var app = builder.Build();
        await app.StartAsync(ct);
        // <snippet:submit>
        await using var bus = await MessageBus.ConnectAsync("amqp://guest:guest@localhost/");
        var jobs = new JobClient(bus);                                   // with dependency injection: AddWarrenJobs(), IJobClient
        var job = await jobs.SubmitAsync(AppJobs.Summarize, new("a long text"), new() { IdempotencyKey = "doc-7" }, ct);
        await foreach (var e in job.WatchAsync(ct)) if (e is JobProgressed p) Console.WriteLine($"{p.Progress:0} %");
        Summary summary = await job.ResultAsync(ct);                     // throws JobFailedException(code, cause, attempt)
        // </snippet>
#pragma warning restore IDE0055
        Assert.Equal(new Summary("a long", 12), summary);
        Assert.True((await jobs.SubmitAsync(AppJobs.Summarize, new("a long text"), new() { IdempotencyKey = "doc-7" }, ct)).IsDuplicate);
        await app.StopAsync(ct);
    }

    [Fact]
    public async Task A_test_of_a_handler_moves_the_time()
    {
        // <snippet:test-host>
        await using var warren = await WarrenTestHost.StartAsync(w => w.Handle(AppJobs.Summarize).With<SummarizeHandler>(),
            services => services.AddSingleton<IChatClient, FirstWords>());
        var job = await warren.Jobs.SubmitAsync(AppJobs.Summarize, new("a long text"), new() { RunAt = warren.Time.GetUtcNow().AddHours(1) });
        warren.Advance(TimeSpan.FromHours(1));                           // jobs come due, leases stay
        Summary summary = await job.ResultAsync();
        // </snippet>
        Assert.Equal(new Summary("a long", 12), summary);
    }

    [Fact]
    public async Task A_training_goes_on_where_it_stopped()
    {
        var ct = TestContext.Current.CancellationToken;
        var trainer = new FailingTrainer();
        var training = new JobKind<Train, Trained>("training");
        await using var warren = await WarrenTestHost.StartAsync(
            w => w.Handle(training).With<TrainHandler>(), services => services.AddSingleton<ITrainer>(trainer), cancellationToken: ct);

        var job = await warren.Jobs.SubmitAsync(training, new(3), cancellationToken: ct);
        await foreach (var happened in job.WatchAsync(ct))
        {
            if (happened is JobRetryScheduled)
                warren.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(new Trained(3), await job.ResultAsync(ct));
        Assert.Equal([0, 1, 1, 2], trainer.Epochs);
    }

    [Fact]
    public async Task Another_system_s_messages_are_jobs_by_a_contract()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: ct);
        var builder = NewBuilder(broker);
        builder.Services.AddSingleton<IChatClient, FirstWords>();
        // <snippet:coordinator>
        builder.Services.AddWarrenMessaging();
        builder.Services.AddWarrenCoordinator(c => c.UseStore(store).AddContract<TicketContract>());
        // </snippet>
        builder.Services.AddWarrenWorker().Handle(AppJobs.Summarize).With<SummarizeHandler>();
        using var app = builder.Build();
        await app.StartAsync(ct);
        await using var helpdesk = await Messaging.MessageBus.ConnectAsync(broker.Url, cancellationToken: ct);
        await helpdesk.DeclareAsync(
            new TopologyDefinition
            {
                Exchanges = [new("helpdesk") { Kind = ExchangeKind.Direct }],
                Queues = [new("ticket_in") { Type = QueueType.Classic }, new("ticket_done") { Type = QueueType.Classic }],
                Bindings = [new("helpdesk", "ticket_in", "new"), new("helpdesk", "ticket_done", "done")],
            },
            ct);
        var answers = new Arrivals<JsonElement>();
        await using var done = await helpdesk.ReceiveAsync("ticket_done", (JsonElement answer, CancellationToken _) =>
        {
            answers.Add(answer);
            return Task.CompletedTask;
        }, cancellationToken: ct);

        await helpdesk.PublishAsync("helpdesk", "new", new TicketMessage("T-1", "my printer burns"), cancellationToken: ct);

        var answer = await answers.FirstAsync();
        Assert.Equal("T-1", answer.GetProperty("external_id").GetString());
        Assert.Equal("my printer", answer.GetProperty("summary").GetProperty("text").GetString());
        await app.StopAsync(ct);
    }

    [Fact]
    public async Task An_app_serves_Warren_among_its_own_routes()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: ct);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["Logging:LogLevel:Default"] = "None";
        builder.Configuration["Warren:Messaging:Url"] = broker.Url;
        // <snippet:server>
        builder.Services.AddWarrenMessaging();
        builder.Services.AddWarrenCoordinator(c => c.UseStore(store));   // "sqlite:jobs.db", "postgres://…"
        builder.Services.AddWarrenServer();
        // </snippet>
        await using var app = builder.Build();
        // <snippet:server>
        app.MapWarren("/warren");                                        // POST /warren/v1/jobs/text.summarize, GET /warren/health …
        // </snippet>
        await app.StartAsync(ct);
        using var http = new HttpClient { BaseAddress = new(app.Urls.Single()) };

        Assert.True((await http.GetAsync(new Uri("warren/health", UriKind.Relative), ct)).IsSuccessStatusCode);
        await app.StopAsync(ct);
    }

    // Stands before the library's type of this name: what the snippet finds on localhost is the broker of the test.
    private LocalBroker MessageBus => new(_broker!);

    private HostApplicationBuilder NewBuilder(EmbeddedBroker broker)
    {
        _broker = broker;
        var builder = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true });
        builder.Configuration["Warren:Messaging:Url"] = broker.Url;
        return builder;
    }

    private sealed class LocalBroker(EmbeddedBroker broker)
    {
        public Task<MessageBus> ConnectAsync(string localhost)
        {
            Assert.Equal("amqp://guest:guest@localhost/", localhost);
            return Messaging.MessageBus.ConnectAsync(broker.Url);
        }
    }

    private sealed class FailingTrainer : ITrainer
    {
        public List<int> Epochs { get; } = [];

        public Task<double> RunEpochAsync(int epoch, CancellationToken cancellationToken)
        {
            Epochs.Add(epoch);
            return Epochs.Count == 2 ? throw new InvalidOperationException("Out of memory.") : Task.FromResult(1.0 / (epoch + 1));
        }
    }
}
