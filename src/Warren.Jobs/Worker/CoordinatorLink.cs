using System.Text.Json;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Jobs.Worker;

/// <summary>The way of claims to a coordinator and back.</summary>
internal sealed class CoordinatorLink(MessageBus bus)
{
    /// <summary>How long an answer may take at most.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Asks, and waits for the answer.</summary>
    /// <param name="message">The question.</param>
    /// <param name="patience">How long the answer may take, but never longer than <see cref="Patience"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MessagingException">There was none.</exception>
    /// <exception cref="JsonException">It was not one.</exception>
    public async Task<ClaimReply> AskAsync(ClaimMessage message, TimeSpan patience, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> body = JsonSerializer.SerializeToUtf8Bytes(message, JobJson.Options);
        var reply = await bus.RequestAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(
            WireNames.ClaimQueue, body, patience < Patience ? patience : Patience, cancellationToken);
        return JsonSerializer.Deserialize<ClaimReply>(reply.Span, JobJson.Options) ?? throw new JsonException("The answer to a claim is null.");
    }

    /// <summary>After a question without an answer: whether the broker at least is there, on the very channel that asks. That another connection lives proves nothing.</summary>
    /// <param name="error">What came instead of the answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> IsBrokerThereAsync(Exception error, CancellationToken cancellationToken)
    {
        switch (error)
        {
            case RequestFailedException { Reason: RequestFailureReason.Unroutable or RequestFailureReason.RemoteError or RequestFailureReason.InvalidReply } or JsonException:
                return true;
            case RequestFailedException { Reason: RequestFailureReason.TimedOut }:
                break;
            default:
                return false;
        }
        return await IsBrokerThereAsync(Patience, cancellationToken);
    }

    /// <summary>Whether the broker is there, on the channel that asks.</summary>
    /// <param name="patience">How long its answer may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> IsBrokerThereAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        // An alarm stops the coordinators as well, so nobody else can be given the jobs meanwhile.
        if (bus.IsBlocked)
            return true;
        try
        {
            // A queue that nobody has: the broker returns the request at once.
            await bus.RequestAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>($"warren.nobody.{Guid.NewGuid():N}", default, patience, cancellationToken);
            return true;
        }
        catch (RequestFailedException probe)
        {
            return probe.Reason == RequestFailureReason.Unroutable;
        }
    }
}
