using System.Text.Json;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Jobs.Client;

/// <summary>A client's questions to a coordinator, and when they are asked again.</summary>
internal sealed class CoordinatorRequests(IMessageBus bus, TimeProvider time)
{
    private const int Tries = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>Hands a job in, again and again until it is answered: its id makes one of them all.</summary>
    public Task<SubmitReply> SubmitAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        AskAsync<SubmitReply>(WireNames.SubmitQueue, message, int.MaxValue, cancellationToken);

    /// <summary>Asks three times at most. A retry by hand is asked once: a second one might be a second retry.</summary>
    public Task<JobReply> AskAsync(JobRequest request, CancellationToken cancellationToken) =>
        AskAsync<JobReply>(WireNames.RequestQueue, Write(request), request.Op == JobOperation.Retry ? 1 : Tries, cancellationToken);

    /// <summary>Asks until there is an answer.</summary>
    public Task<JobReply> AskUntilAnsweredAsync(JobRequest request, CancellationToken cancellationToken) =>
        AskAsync<JobReply>(WireNames.RequestQueue, Write(request), int.MaxValue, cancellationToken);

    /// <summary>Throws what the coordinator refused with.</summary>
    /// <exception cref="JobRefusedException">It refused.</exception>
    public static void ThrowIfRefused(RefusalMessage? refusal)
    {
        if (refusal is not null)
            throw new JobRefusedException(refusal.Code, refusal.Message, refusal.Pointer);
    }

    /// <summary>The answer is of another form than the question.</summary>
    public static MessagingException Missing(string what) => new($"The coordinator answered without a {what}. Is it of an older version?");

    private static ReadOnlyMemory<byte> Write(JobRequest request) => JsonSerializer.SerializeToUtf8Bytes(request, JobJson.Options);

    private async Task<T> AskAsync<T>(string queue, ReadOnlyMemory<byte> message, int tries, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        for (var tried = 1; ; tried++)
        {
            try
            {
                var reply = await bus.RequestAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(queue, message, Patience, cancellationToken);
                return JsonSerializer.Deserialize<T>(reply.Span, JobJson.Options) ?? throw new JsonException("The answer is null.");
            }
            catch (RequestFailedException error) when (tried < tries && MayPass(error))
            {
                await Task.Delay(pause, time, cancellationToken);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
            catch (JsonException error)
            {
                throw new MessagingException($"The coordinator's answer on \"{queue}\" could not be read: {error.Message}", error);
            }
        }
    }

    // Unroutable: no coordinator has ever run here, which may be about to change.
    private static bool MayPass(RequestFailedException error) =>
        error.Reason is RequestFailureReason.TimedOut or RequestFailureReason.ConnectionLost or RequestFailureReason.Unroutable;
}
