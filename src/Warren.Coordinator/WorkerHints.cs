using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Coordinator;

/// <summary>Tells a worker at once what its next renewal would tell it in any case.</summary>
internal sealed partial class WorkerHints(IMessageBus bus, ILogger<WorkerHints> logger)
{
    /// <summary>Tells a session that one of its jobs was canceled. Returns before it is sent.</summary>
    public void Cancel(string session, JobId job) => _ = SendAsync(new() { Session = session, Cancel = [job] });

    private async Task SendAsync(ControlMessage message)
    {
        try
        {
            await bus.PublishAsync(
                WireNames.ControlExchange,
                message.Session,
                (ReadOnlyMemory<byte>)JsonSerializer.SerializeToUtf8Bytes(message, JobJson.Options),
                new PublishOptions { Persistent = false, ContentType = "application/json", Timeout = TimeSpan.FromSeconds(5) });
        }
        catch (Exception error) when (error is MessagingException or ObjectDisposedException)
        {
            // The renewal says it too.
            Log.NotSent(logger, message.Session, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Session {Session} could not be told at once; it hears of it with its next renewal")]
        public static partial void NotSent(ILogger logger, string session, Exception error);
    }
}
