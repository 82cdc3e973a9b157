using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Options;
using OpenAI;
using OpenAI.Audio;
using OpenAI.Chat;
using Warren.Jobs;

namespace Warren.AI.Chat;

/// <summary>
/// The endpoint of <see cref="ChatOptions"/>: each call is made once, within its time, and fails in the words of jobs. Retrying is left to the
/// job, which retries by cause.
/// </summary>
internal sealed class ChatEndpoint : IDisposable
{
    // The most that a job's result has, a few times over; more is no answer to anything asked here.
    private const int LargestAnswer = 16 * 1024 * 1024;

    // Of what is said to a refusal.
    private const int LargestDetail = 64 * 1024;

    private static readonly Uri OpenAI = new("https://api.openai.com/v1");

    private readonly ChatOptions _options;
    private readonly ChatFaults _faults;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    /// <summary>Clients for the endpoint. No connection is opened yet.</summary>
    public ChatEndpoint(IOptions<ChatOptions> options, TimeProvider time)
    {
        _options = options.Value;
        _time = time;
        Address = new((_options.Endpoint ?? OpenAI).AbsoluteUri.TrimEnd('/'));
        _faults = new(Address, _options);
        // A redirect would send the learner's text to a host that nobody named.
        _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        // An endpoint that needs no key does not look at this one.
        var credential = new ApiKeyCredential(_options.ApiKey is { Length: > 0 } key ? key : "none");
        var client = new OpenAIClient(credential, new OpenAIClientOptions
        {
            Endpoint = Address,
            Transport = new HttpClientPipelineTransport(_http),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        });
        Chat = client.GetChatClient(_options.Model);
        Audio = client.GetAudioClient(_options.TranscriptionModel is { Length: > 0 } model ? model : "whisper-1");
    }

    /// <summary>The base URL.</summary>
    public Uri Address { get; }

    /// <summary>Chat completions.</summary>
    public ChatClient Chat { get; }

    /// <summary>Transcriptions.</summary>
    public AudioClient Audio { get; }

    /// <summary>Makes a call and reads its answer.</summary>
    /// <returns>A JSON object.</returns>
    /// <exception cref="JobFailedException">It failed: docs/reference/chat.md.</exception>
    public async Task<JsonElement> CallAsync(Func<RequestOptions, Task<ClientResult>> call, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        return await GuardAsync(
            async () =>
            {
                using var response = await SendAsync(call, either.Token);
                return _faults.Parse(await ReadAsync(response, either.Token));
            },
            limit.Token,
            cancellationToken);
    }

    /// <summary>Makes a call whose answer comes in parts.</summary>
    /// <returns>JSON objects, until the endpoint says that there are no more.</returns>
    /// <exception cref="JobFailedException">It failed, at its begin or on the way: docs/reference/chat.md.</exception>
    public async IAsyncEnumerable<JsonElement> StreamAsync(
        Func<RequestOptions, Task<ClientResult>> call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var response = await GuardAsync(() => SendAsync(call, either.Token), limit.Token, cancellationToken);
        var parts = SseParser.Create(response.ContentStream ?? Stream.Null).EnumerateAsync(either.Token).GetAsyncEnumerator(either.Token);
        await using (parts)
        {
            while (await GuardAsync(async () => await parts.MoveNextAsync(), limit.Token, cancellationToken))
            {
                if (parts.Current.Data == "[DONE]")
                    yield break;
                yield return _faults.Parse(System.Text.Encoding.UTF8.GetBytes(parts.Current.Data));
            }
        }
        throw _faults.Broken("ended its answer before it was complete", null);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    // Whether the answer is there, by its status; its body is still to be read.
    private async Task<PipelineResponse> SendAsync(Func<RequestOptions, Task<ClientResult>> call, CancellationToken cancellationToken)
    {
        var result = await call(new() { CancellationToken = cancellationToken, BufferResponse = false, ErrorOptions = ClientErrorBehaviors.NoThrow });
        var response = result.GetRawResponse();
        if (response.Status is >= 200 and < 300)
            return response;
        using (response)
        {
            response.Headers.TryGetValue("retry-after-ms", out var milliseconds);
            response.Headers.TryGetValue("retry-after", out var retryAfter);
            throw _faults.Of(response.Status, RetryAfter.Read(milliseconds, retryAfter, _time.GetUtcNow()), await ReadDetailAsync(response, cancellationToken));
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(PipelineResponse response, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await CopyAsync(response, body, LargestAnswer, cancellationToken);
        return body.Length <= LargestAnswer ? body.ToArray() : throw _faults.BadAnswer($"an answer of more than {LargestAnswer:N0} bytes");
    }

    private static async Task<ReadOnlyMemory<byte>> ReadDetailAsync(PipelineResponse response, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        try
        {
            await CopyAsync(response, body, LargestDetail, cancellationToken);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            // The status is known, and it is what counts; a sentence about it is lost.
        }
        return body.ToArray();
    }

    // Until there is no more, or more than that.
    private static async Task CopyAsync(PipelineResponse response, MemoryStream body, int most, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (body.Length <= most && response.ContentStream is { } stream && await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            body.Write(buffer, 0, count);
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> step, CancellationToken limit, CancellationToken cancellationToken)
    {
        try
        {
            return await step();
        }
        catch (Exception error) when (error is ClientResultException or HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw limit.IsCancellationRequested ? _faults.TimedOut(error) : _faults.Broken("could not be reached, or closed the connection", error);
        }
    }
}
