using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Warren.TestKit;

/// <summary>
/// An endpoint that speaks as OpenAI's does, over HTTP on a free port of this machine. There is no model in it: it answers what a test says, or what
/// <see cref="OpenAiGrades"/> makes of a text, and it fails as endpoints do.
/// </summary>
public sealed class OpenAiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Queue<OpenAiAnswer> _next;
    private int _disposed;

    private OpenAiServer(WebApplication app, IEnumerable<OpenAiAnswer> answers)
    {
        _app = app;
        _next = new(answers);
        app.Run(HandleAsync);
    }

    /// <summary>The base URL, up to and with <c>/v1</c>.</summary>
    public Uri Url => new(_app.Urls.Single() + "/v1");

    /// <summary>What was asked, in its order.</summary>
    public Arrivals<OpenAiRequest> Requests { get; } = new();

    /// <summary>What is answered when no <see cref="Next"/> is left. The default is <see cref="OpenAiGrades.Answer"/>.</summary>
    public Func<OpenAiRequest, OpenAiAnswer> Otherwise { get; set; } = OpenAiGrades.Answer;

    /// <summary>Starts one.</summary>
    /// <param name="answers">What is answered first, in this order.</param>
    public static async Task<OpenAiServer> StartAsync(params IEnumerable<OpenAiAnswer> answers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = null;
        });
        // A request that is held is let go when the test is over.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        var server = new OpenAiServer(builder.Build(), answers);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>Answers the next request so, after those that were set before.</summary>
    public void Next(OpenAiAnswer answer)
    {
        lock (_lock)
            _next.Enqueue(answer);
    }

    /// <summary>Stops it: requests that are held are let go. A second call does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _stopping.CancelAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task HandleAsync(HttpContext http)
    {
        var request = await ReadAsync(http);
        if (request is null)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        OpenAiAnswer answer;
        lock (_lock)
            answer = _next.TryDequeue(out var next) ? next : Otherwise(request);
        Requests.Add(request);
        await AnswerAsync(http, request, answer);
    }

    private static async Task<OpenAiRequest?> ReadAsync(HttpContext http)
    {
        var authorization = http.Request.Headers.Authorization.ToString();
        if (http.Request.Path == "/v1/chat/completions")
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body);
            return new(authorization, body.RootElement.Clone(), new Dictionary<string, string>(), ReadOnlyMemory<byte>.Empty);
        }
        if (http.Request.Path != "/v1/audio/transcriptions")
            return null;
        http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = null;
        var form = await http.Request.ReadFormAsync();
        using var file = new MemoryStream();
        await form.Files.Single().CopyToAsync(file);
        return new(authorization, default, form.ToDictionary(field => field.Key, field => field.Value.ToString()), file.ToArray());
    }

    private async Task AnswerAsync(HttpContext http, OpenAiRequest request, OpenAiAnswer answer)
    {
        switch (answer)
        {
            case OpenAiAnswer.Completion completion when request.IsStreamed:
                await StreamAsync(http, completion);
                break;
            case OpenAiAnswer.Completion completion:
                await WriteAsync(http, StatusCodes.Status200OK, Whole(completion).ToJsonString());
                break;
            case OpenAiAnswer.Body body:
                foreach (var (name, value) in body.Headers ?? new Dictionary<string, string>())
                    http.Response.Headers[name] = value;
                await WriteAsync(http, body.Status, body.Text, body.ContentType);
                break;
            case OpenAiAnswer.Never:
                await NeverAsync(http);
                break;
            case OpenAiAnswer.Cut cut:
                http.Response.StatusCode = cut.Status;
                http.Response.ContentType = "application/json";
                http.Response.ContentLength = Encoding.UTF8.GetByteCount(cut.Text) + 1000;
                // The connection is closed after it. A reset could take away what was sent before.
                await http.Response.WriteAsync(cut.Text);
                break;
            case OpenAiAnswer.Closed:
                http.Abort();
                break;
            default:
                throw new InvalidOperationException($"There is no way to answer {answer}.");
        }
    }

    private async Task NeverAsync(HttpContext http)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _stopping.Token);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task WriteAsync(HttpContext http, int status, string text, string type = "application/json")
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        await http.Response.WriteAsync(text);
    }

    private static JsonObject Whole(OpenAiAnswer.Completion completion) => new()
    {
        ["id"] = "chatcmpl-1",
        ["object"] = "chat.completion",
        ["created"] = 1_760_000_000,
        ["model"] = completion.Model,
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["finish_reason"] = completion.FinishReason,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = completion.Content, ["refusal"] = completion.Refusal },
        }),
        ["usage"] = Usage(completion),
    };

    private static JsonObject Usage(OpenAiAnswer.Completion completion) => new()
    {
        ["prompt_tokens"] = completion.InputTokens,
        ["completion_tokens"] = completion.OutputTokens,
        ["total_tokens"] = completion.InputTokens + completion.OutputTokens,
    };

    private static async Task StreamAsync(HttpContext http, OpenAiAnswer.Completion completion)
    {
        http.Response.ContentType = "text/event-stream";
        foreach (var piece in completion.Content.Chunk(8))
            await WriteChunkAsync(http, completion, new JsonArray(Choice(new() { ["role"] = "assistant", ["content"] = new string(piece) }, null)), null);
        await WriteChunkAsync(http, completion, new JsonArray(Choice([], completion.FinishReason)), null);
        await WriteChunkAsync(http, completion, [], Usage(completion));
        await http.Response.WriteAsync("data: [DONE]\n\n");
    }

    private static JsonObject Choice(JsonObject delta, string? finish) => new() { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish };

    private static async Task WriteChunkAsync(HttpContext http, OpenAiAnswer.Completion completion, JsonArray choices, JsonObject? usage)
    {
        var chunk = new JsonObject
        {
            ["id"] = "chatcmpl-1",
            ["object"] = "chat.completion.chunk",
            ["created"] = 1_760_000_000,
            ["model"] = completion.Model,
            ["choices"] = choices,
            ["usage"] = usage,
        };
        await http.Response.WriteAsync($"data: {chunk.ToJsonString()}\n\n");
        await http.Response.Body.FlushAsync();
    }
}
