using Microsoft.Extensions.Options;
using Warren.AI.Chat;
using Warren.TestKit;

namespace Warren.AI.Tests.Chat;

/// <summary>A client and the server it speaks to.</summary>
internal sealed class Endpoint : IAsyncDisposable
{
    public const string Key = "sk-secret-0123456789";

    private readonly ChatEndpoint _endpoint;

    private Endpoint(OpenAiServer server, ChatOptions options, TimeProvider time)
    {
        Server = server;
        Options = Microsoft.Extensions.Options.Options.Create(options);
        _endpoint = new(Options, time);
        Client = new(_endpoint, Options, time);
        Clients = _endpoint;
    }

    public OpenAiServer Server { get; }

    public OpenAIChatClient Client { get; }

    public ChatEndpoint Clients { get; }

    public IOptions<ChatOptions> Options { get; }

    public static Task<Endpoint> StartAsync(params IEnumerable<OpenAiAnswer> answers) => StartAsync(null, answers);

    public static async Task<Endpoint> StartAsync(Action<ChatOptions>? configure, params IEnumerable<OpenAiAnswer> answers)
    {
        var server = await OpenAiServer.StartAsync(answers);
        var options = new ChatOptions { Endpoint = server.Url, ApiKey = Key, Model = "some-model" };
        configure?.Invoke(options);
        return new(server, options, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        _endpoint.Dispose();
        await Server.DisposeAsync();
    }
}
