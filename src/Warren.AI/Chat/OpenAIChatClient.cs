using System.ClientModel;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using Warren.Jobs;

namespace Warren.AI.Chat;

/// <summary>Chats with the endpoint, in text alone. Failures are <see cref="JobFailedException"/>s with the codes of docs/reference/chat.md.</summary>
internal sealed class OpenAIChatClient(ChatEndpoint endpoint, IOptions<ChatOptions> options, TimeProvider time) : IChatClient
{
    private readonly string _model = options.Value.Model;

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, Microsoft.Extensions.AI.ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var content = BinaryContent.Create(ChatRequest.Write(messages, options, _model, stream: false));
        using var call = ChatTelemetry.Begin("chat", options?.ModelId ?? _model, endpoint.Address, time);
        try
        {
            var json = await endpoint.CallAsync(request => endpoint.Chat.CompleteChatAsync(content, request), cancellationToken);
            var response = ChatReply.Read(json) ?? throw new JobFailedException(
                ChatFaults.Bad, $"{endpoint.Address.Authority} sent JSON with neither 'choices' nor 'usage'; a chat completion was expected.");
            call.Answered(response.ModelId, response.Usage);
            call.Completed();
            return response;
        }
        catch (Exception error)
        {
            call.Failed(error);
            throw;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        Microsoft.Extensions.AI.ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var content = BinaryContent.Create(ChatRequest.Write(messages, options, _model, stream: true));
        using var call = ChatTelemetry.Begin("chat", options?.ModelId ?? _model, endpoint.Address, time);
        await foreach (var part in endpoint.StreamAsync(request => endpoint.Chat.CompleteChatAsync(content, request), cancellationToken))
        {
            var update = ChatReply.ReadPart(part);
            call.Answered(update.ModelId, update.Contents.OfType<UsageContent>().FirstOrDefault()?.Details);
            yield return update;
        }
        call.Completed();
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("openai", endpoint.Address, _model)
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Nothing: the endpoint is its owner's.</summary>
    public void Dispose()
    {
    }
}
