using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Warren.Coordinator;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Server.Tests;

/// <summary>A server on a free port of loopback, over SQLite in a directory of its own, on an embedded broker; it can be stopped and started again.</summary>
internal sealed class ServerHouse : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-server-");
    private readonly Action<ServerOptions>? _configure;
    private readonly Action<CoordinatorOptions>? _limits;
    private readonly Action<IServiceCollection>? _services;
    private readonly string _prefix;
    private readonly List<WirePlayer> _workers = [];
    private int _port;
    private bool _isBrokerGone;

    private ServerHouse(EmbeddedAmqpBroker broker, MessageBus bus, Action<ServerOptions>? configure, Action<CoordinatorOptions>? limits, Action<IServiceCollection>? services, string prefix) =>
        (Broker, Bus, _configure, _limits, _services, _prefix) = (broker, bus, configure, limits, services, prefix);

    public EmbeddedAmqpBroker Broker { get; }

    public WebApplication App { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    /// <summary>A bus of the test's own, which outlives the app.</summary>
    public MessageBus Bus { get; }

    public JobCoordinator Coordinator => App.Services.GetRequiredService<JobCoordinator>();

    public static async Task<ServerHouse> StartAsync(
        Action<ServerOptions>? configure = null, Action<CoordinatorOptions>? limits = null, Action<IServiceCollection>? services = null, string prefix = "", bool consuming = true)
    {
        var broker = await EmbeddedAmqpBroker.StartAsync();
        var house = new ServerHouse(broker, await MessageBus.ConnectAsync(broker.Url), configure, limits, services, prefix);
        await house.StartAppAsync(consuming);
        return house;
    }

    public async Task StartAppAsync(bool consuming = true)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{_port}");
        builder.Services.AddWarrenMessaging(options => options.Url = Broker.Url);
        builder.Services.AddWarrenCoordinator(coordinator => coordinator
            .UseSqlite(Path.Combine(_directory.FullName, "warren.db"))
            .Configure(options =>
            {
                // The workers of these tests do not renew, and no slow machine is to take their jobs away.
                options.Lease = TimeSpan.FromMinutes(2);
                options.ScheduleInterval = TimeSpan.FromMilliseconds(20);
                _limits?.Invoke(options);
            }));
        builder.Services.AddWarrenServer(_configure);
        _services?.Invoke(builder.Services);
        App = builder.Build();
        App.MapWarren(_prefix);
        await App.StartAsync();
        var address = new Uri(App.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        _port = address.Port;
        Http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(address, _prefix.Length == 0 ? "/" : _prefix + "/"), Timeout = TimeSpan.FromSeconds(60) };
        if (consuming)
            await Eventually.ThatAsync(() => Coordinator.IsConsuming, "the coordinator consumes");
    }

    public async Task StopBrokerAsync()
    {
        _isBrokerGone = true;
        await Broker.DisposeAsync();
    }

    public async Task StopAppAsync()
    {
        await App.StopAsync();
        await App.DisposeAsync();
        Http.Dispose();
    }

    /// <summary>Reads the event stream of a job to its end.</summary>
    public async IAsyncEnumerable<(string Id, string Type, JsonElement Data)> WatchAsync(string job, string? after = null, string query = "")
    {
        using var response = await GetAsync($"v1/jobs/{job}/events{query}", after is null ? [] : [("Last-Event-ID", after)]);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode} was answered.");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        await using var body = await response.Content.ReadAsStreamAsync();
        await foreach (var item in SseParser.Create(body).EnumerateAsync())
            yield return (item.EventId!, item.EventType, JsonDocument.Parse(item.Data).RootElement);
    }

    /// <summary>A worker that offers a kind and consumes its jobs.</summary>
    public async Task<WirePlayer> PlayAsync(string kind, string? argsSchema = null)
    {
        var worker = new WirePlayer(Bus);
        _workers.Add(worker);
        await worker.OfferAsync(kind, argsSchema);
        return worker;
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Post, path, json, headers);

    public Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path.TrimStart('/'));
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
        {
            if (name == "Content-Type")
                request.Content!.Headers.ContentType = value.Length == 0 ? null : MediaTypeHeaderValue.Parse(value);
            else
                request.Headers.TryAddWithoutValidation(name, value);
        }
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public async Task<JsonElement> SubmitAsync(string kind = "text.stats", string args = """{"text": "hi"}""")
    {
        using var response = await PostAsync($"v1/jobs/{kind}", args);
        return await JsonAsync(response, HttpStatusCode.Accepted);
    }

    public async Task<JsonElement> GetJsonAsync(string path, params (string Name, string Value)[] headers)
    {
        using var response = await GetAsync(path, headers);
        return await JsonAsync(response);
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response, HttpStatusCode status = HttpStatusCode.OK)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode} was answered, {(int)status} was expected: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The problem that is answered; its status and form are checked.</summary>
    public static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, int status, string code)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} was answered, {status} {code} was expected: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        response.Dispose();
        return problem;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
            await worker.DisposeAsync();
        await StopAppAsync();
        await Bus.DisposeAsync();
        if (!_isBrokerGone)
            await Broker.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}

/// <summary>A worker that speaks the protocol step by step, as a test tells it to.</summary>
internal sealed class WirePlayer(IMessageBus bus) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Arrivals<AttemptRef> _deliveries = new();
    private readonly Dictionary<JobId, int> _reported = [];
    private Subscription? _subscription;
    private int _taken;

    public string Session { get; } = Guid.CreateVersion7().ToString();

    public async Task OfferAsync(string kind, string? argsSchema = null)
    {
        await AskAsync(new()
        {
            Session = Session,
            Worker = new()
            {
                Name = "player", Version = "test/1", Slots = 4,
                Kinds = [new() { Kind = kind, ArgsSchema = argsSchema is null ? null : JsonDocument.Parse(argsSchema).RootElement }],
            },
        });
        _subscription = await bus.ReceiveAsync<ReadOnlyMemory<byte>>(
            WireNames.JobQueue(kind),
            (_, context, _) =>
            {
                _deliveries.Add(new(JobId.Parse(context.MessageId!), Convert.ToInt32(context.Headers[WireNames.AttemptHeader], System.Globalization.CultureInfo.InvariantCulture)));
                return Task.CompletedTask;
            });
    }

    /// <summary>Claims the next job, and begins.</summary>
    public async Task<AttemptRef> BeginAsync()
    {
        _taken++;
        var attempt = (await _deliveries.WaitForAsync(_taken))[_taken - 1];
        var reply = await AskAsync(new() { Session = Session, Claim = [attempt] });
        Assert.Equal(GrantAnswer.Granted, Assert.Single(reply.Claims!).Answer);
        await ReportAsync(attempt, seq => new StartedReport { Job = attempt.Job, Attempt = attempt.Attempt, Seq = seq });
        return attempt;
    }

    public Task ProgressAsync(AttemptRef at, double progress) =>
        ReportAsync(at, seq => new ProgressReport { Job = at.Job, Attempt = at.Attempt, Seq = seq, Progress = progress });

    public Task SucceedAsync(AttemptRef at, string result = "{}") =>
        ReportAsync(at, seq => new SucceededReport { Job = at.Job, Attempt = at.Attempt, Seq = seq, Result = JsonDocument.Parse(result).RootElement });

    public Task FailAsync(AttemptRef at, string code = "no.good") =>
        ReportAsync(at, seq => new FailedReport { Job = at.Job, Attempt = at.Attempt, Seq = seq, Code = code, Message = "It is no good.", Cause = FailureCause.Invalid });

    public async ValueTask DisposeAsync()
    {
        if (_subscription is not null)
            await _subscription.DisposeAsync();
    }

    private async Task ReportAsync(AttemptRef at, Func<int, Report> make)
    {
        _reported[at.Job] = _reported.GetValueOrDefault(at.Job) + 1;
        await bus.SendAsync(
            WireNames.FoldQueue,
            (ReadOnlyMemory<byte>)JsonSerializer.SerializeToUtf8Bytes(new ReportMessage { Session = Session, Reports = [make(_reported[at.Job])] }, JobJson.Options));
    }

    private async Task<ClaimReply> AskAsync(ClaimMessage message)
    {
        var reply = await bus.RequestAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(
            WireNames.ClaimQueue, JsonSerializer.SerializeToUtf8Bytes(message, JobJson.Options), Patience);
        return JsonSerializer.Deserialize<ClaimReply>(reply.Span, JobJson.Options)!;
    }
}
