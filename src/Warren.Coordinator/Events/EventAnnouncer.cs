using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Coordinator.Events;

/// <summary>
/// Tells the world what is in the store since a moment: the watchers in this process, and <c>warren.events</c>. A hint, not a record: what
/// does not go out is not sent again, because whoever watches reads the store, by number.
/// </summary>
internal sealed partial class EventAnnouncer : IAsyncDisposable
{
    private const int MostWaiting = 10_000;

    private readonly EventHub _hub;
    private readonly IMessageBus _bus;
    private readonly ILogger _logger;
    private readonly Channel<JobEvent> _waiting = Channel.CreateBounded<JobEvent>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _sending;

    public EventAnnouncer(EventHub hub, IMessageBus bus, ILogger logger)
    {
        (_hub, _bus, _logger) = (hub, bus, logger);
        _sending = SendAsync();
    }

    /// <summary>Announces events that are in the store.</summary>
    public void Announce(IReadOnlyList<JobEvent> events)
    {
        foreach (var happened in events)
        {
            _hub.Happened(happened.Job, happened.Number);
            _waiting.Writer.TryWrite(happened);
        }
    }

    /// <summary>Sends what waits, for a moment, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        _stopping.CancelAfter(TimeSpan.FromSeconds(2));
        await _sending;
        _stopping.Dispose();
    }

    private async Task SendAsync()
    {
        var failed = false;
        var sending = new List<Task>();
        while (await _waiting.Reader.WaitToReadAsync())
        {
            sending.Clear();
            while (sending.Count < 256 && _waiting.Reader.TryRead(out var happened))
                sending.Add(SendAsync(happened));
            try
            {
                await Task.WhenAll(sending);
                failed = false;
            }
            catch (Exception error) when (error is MessagingException or OperationCanceledException)
            {
                // A hint that is lost costs its watchers a moment: they look again by themselves.
                if (!failed)
                    Log.NotAnnounced(_logger, error);
                failed = true;
            }
        }
    }

    private Task<string?> SendAsync(JobEvent happened) => _bus.PublishAsync(
        WireNames.EventExchange,
        $"{happened.Job}.{JobEventTypes.Of(happened)}",
        (ReadOnlyMemory<byte>)JsonSerializer.SerializeToUtf8Bytes(happened, JobJson.Options),
        new PublishOptions { Persistent = false, ContentType = "application/json", Timeout = TimeSpan.FromSeconds(5) },
        _stopping.Token);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Events could not be announced on warren.events; those who watch read them from the store")]
        public static partial void NotAnnounced(ILogger logger, Exception error);
    }
}
