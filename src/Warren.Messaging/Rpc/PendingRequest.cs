using System.Text.Json;
using RabbitMQ.Client;
using Warren.Messaging.Content;

namespace Warren.Messaging.Rpc;

/// <summary>A request that waits for its reply.</summary>
internal abstract class PendingRequest
{
    /// <summary>Reads the reply. The body is valid only during the call.</summary>
    public abstract void Complete(IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body);

    /// <summary>Ends the wait with an error.</summary>
    public abstract void Fail(Exception error);
}

/// <summary>A request whose reply is read as one type.</summary>
internal sealed class PendingRequest<TResponse>(string queue, ContentPipeline content) : PendingRequest
{
    private readonly TaskCompletionSource<TResponse> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The reply.</summary>
    public Task<TResponse> Reply => _reply.Task;

    /// <inheritdoc />
    public override void Complete(IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body)
    {
        try
        {
            if (MessageHeaders.Text(properties.Headers, MessageHeaders.Error) is { } type)
            {
                Fail(new RequestFailedException(
                    $"The responder on queue \"{queue}\" failed: {ErrorMessage(properties, body)}", RequestFailureReason.RemoteError, type));
                return;
            }
            _reply.TrySetResult(content.Decode<TResponse>(body, properties, allowNull: true));
        }
        catch (ContentException error)
        {
            Fail(new RequestFailedException(
                $"The reply from queue \"{queue}\" could not be read as {typeof(TResponse).Name}: {error.Message}",
                RequestFailureReason.InvalidReply, innerException: error));
        }
    }

    /// <inheritdoc />
    public override void Fail(Exception error) => _reply.TrySetException(error);

    private string ErrorMessage(IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body)
    {
        var error = content.Decode<JsonElement>(body, properties);
        return error.ValueKind == JsonValueKind.Object && error.TryGetProperty("error", out var message) && message.ValueKind == JsonValueKind.String
            ? message.GetString()!
            : "it gave no message";
    }
}
