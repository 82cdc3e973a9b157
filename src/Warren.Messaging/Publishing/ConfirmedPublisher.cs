using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Warren.Messaging.Connections;
using Warren.Messaging.Diagnostics;

namespace Warren.Messaging.Publishing;

/// <summary>
/// Publishes on one confirming channel of one connection. A message taken in is sent, and sent again after a reconnect, until the
/// broker confirms it, refuses it, or its deadline passes.
/// </summary>
/// <remarks>
/// There is one writer at a time and no thread of its own: the caller that finds nobody writing writes, and goes on with what others
/// bring meanwhile. So an idle bus sends at once, and a busy one has no contention inside the client, which would serialize its
/// callers on a semaphore. The order of calls is kept. The window bounds what is in flight; what is beyond it waits in order, and
/// holds up whoever awaits it.
/// <para>
/// When the broker closes the channel over a message (no such exchange, a foreign user_id, too large), nothing says which message it
/// was. All that were in flight become suspects and are sent again one at a time; the one that closes the channel alone has failed.
/// </para>
/// </remarks>
internal sealed partial class ConfirmedPublisher : IAsyncDisposable
{
    // How many messages of others a caller sends before it hands the pen to the thread pool.
    private const int CallerShare = 64;

    private static readonly TimeSpan TickPeriod = TimeSpan.FromMilliseconds(100);

    private readonly BrokerConnection _connection;
    private readonly Func<string, CancellationToken, Task> _repairExchange;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PublishBacklog _backlog;
    private readonly Func<bool> _isBlocked;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _starting = new();
    private readonly ITimer _clock;
    private Task? _loop;
    private int _ticking;

    public ConfirmedPublisher(
        BrokerConnection connection, MessagingOptions options, Func<string, CancellationToken, Task> repairExchange,
        TimeProvider time, ILogger logger)
    {
        _connection = connection;
        _repairExchange = repairExchange;
        _time = time;
        _logger = logger;
        _backlog = new PublishBacklog(options.PublishWindow);
        _isBlocked = () => _connection.BlockedReason is not null;
        _clock = time.CreateTimer(static state => ((ConfirmedPublisher)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _connection.BlockedChanged += WriteSoon;
    }

    /// <summary>The connection it publishes on.</summary>
    public BrokerConnection Connection => _connection;

    /// <summary>Whether a channel is open.</summary>
    public bool IsOpen => _backlog.Channel is not null;

    /// <summary>Opens the channel in the background. Does nothing the second time.</summary>
    public void Start()
    {
        lock (_starting)
            _loop ??= Task.Run(RunAsync);
    }

    /// <summary>A message to fill in and submit, or to return.</summary>
    public PendingPublish Rent() => _backlog.Rent();

    /// <summary>Takes back a message that was not submitted.</summary>
    public void Return(PendingPublish message) => _backlog.Return(message);

    /// <summary>Sends a message that <see cref="PendingPublish.Begin"/> made ready; its task ends with the broker's answer.</summary>
    public Task<string?> Submit(PendingPublish message, CancellationToken cancellationToken)
    {
        // Once enqueued the message may be answered, and be another one, at any moment.
        var task = message.Task;
        message.CancelWith(cancellationToken);
        MessagingTelemetry.InFlight.Add(1);
        var write = _backlog.Enqueue(message);
        if (Interlocked.Exchange(ref _ticking, 1) == 0)
            _clock.Change(TickPeriod, TickPeriod);
        if (write)
            _ = WriteAsync(CallerShare);
        return task;
    }

    /// <summary>Waits until every message has its answer, at most for the given time.</summary>
    public async Task DrainAsync(TimeSpan patience)
    {
        var began = _time.GetTimestamp();
        while (_backlog.Count > 0 && _time.GetElapsedTime(began) < patience)
            await Task.Delay(TimeSpan.FromMilliseconds(5), _time).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _connection.BlockedChanged -= WriteSoon;
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_loop is { } loop)
            await loop.ConfigureAwait(false);
        await _clock.DisposeAsync().ConfigureAwait(false);
        foreach (var message in _backlog.Close())
            Fail(message, Failures.Disposed(message));
    }

    /// <summary>The broker's answer to one message or to all up to it. Called on the connection's reader loop, so it must not wait.</summary>
    internal void OnConfirm(ConfirmChannel channel, ulong tag, bool multiple, bool acked)
    {
        var answered = channel.Answered;
        _backlog.Confirm(channel, tag, multiple, answered);
        foreach (var message in answered)
        {
            if (!acked)
            {
                MessagingTelemetry.Nacked.Add(1);
                message.Fail(Failures.Nacked(_connection, message));
            }
            else if (message.ReturnReason is { } reason)
            {
                MessagingTelemetry.Returned.Add(1);
                message.Fail(Failures.Unroutable(_connection, message, reason));
            }
            else
            {
                message.Succeed();
            }
        }
        if (acked)
            MessagingTelemetry.Confirmed.Add(answered.Count);
        MessagingTelemetry.InFlight.Add(-answered.Count);
        var more = _backlog.Leave(answered);
        answered.Clear();
        if (more)
            WriteSoon();
    }

    /// <summary>A mandatory message reached no queue; its confirm follows. Called on the connection's reader loop.</summary>
    internal void OnReturn(ConfirmChannel channel, BasicReturnEventArgs returned) => _backlog.MarkReturned(
        channel, returned.BasicProperties.MessageId, returned.Exchange, returned.RoutingKey, $"{returned.ReplyCode} {returned.ReplyText}");

    // Opens channel after channel until the publisher is disposed.
    private async Task RunAsync()
    {
        var pause = new ReopenPause(TimeSpan.FromSeconds(1), _time);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var connection = await _connection.OpenAsync(_stopping.Token).ConfigureAwait(false);
                var channel = await ConfirmChannel.OpenAsync(connection, this, _stopping.Token).ConfigureAwait(false);
                await using (channel.ConfigureAwait(false))
                {
                    pause.Opened();
                    await ServeAsync(channel).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                // The end of the loop that DisposeAsync waits for.
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // The loop must live on: what was submitted waits for the next channel, or its deadline.
                Log.OpenFailed(_logger, error, _connection.Address);
            }
            await pause.WaitAsync(_stopping.Token).ConfigureAwait(false);
        }
    }

    // Holds one channel from open to closed, and finds the message that closed it if one did.
    private async Task ServeAsync(ConfirmChannel channel)
    {
        _backlog.Attach(channel);
        WriteSoon();
        var reason = await channel.Closed.WaitAsync(_stopping.Token).ConfigureAwait(false);
        Log.ChannelClosed(_logger, _connection.Address, reason.ReplyCode, reason.ReplyText);
        var guilty = _backlog.Detach(
            ClosedOverAMessage(reason), message => ClosedOnlyTheChannel(reason) || ++message.Strikes > 1, out var dropped);
        MessagingTelemetry.InFlight.Add(-dropped);
        if (guilty is not null)
            await JudgeAsync(guilty, reason).ConfigureAwait(false);
    }

    private async Task JudgeAsync(PendingPublish message, ShutdownEventArgs reason)
    {
        if (reason.ReplyCode != Constants.NotFound || message is not { ExchangeRepaired: false, Exchange.Length: > 0 })
        {
            Fail(message, Failures.Refused(_connection, message, reason));
            return;
        }
        // Someone deleted the exchange: declare it again and send the message once more.
        message.ExchangeRepaired = true;
        try
        {
            var left = _time.GetElapsedTime(_time.GetTimestamp(), message.Deadline);
            await _repairExchange(message.Exchange, _stopping.Token).WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, _stopping.Token).ConfigureAwait(false);
            _backlog.Readmit(message);
        }
        catch (TimeoutException)
        {
            Fail(message, Failures.Late(this, Failures.Destination(message), message.MessageId, message.Sent));
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // It is in no queue any more, so nobody but this would ever answer it.
            Fail(message, Failures.Refused(_connection, message, reason, error));
        }
    }

    // 4xx closes the channel over a method on it; 5xx, but for an operator's order or a fault of the broker, over what was sent.
    private static bool ClosedOverAMessage(ShutdownEventArgs reason) =>
        reason.Initiator == ShutdownInitiator.Peer && (ClosedOnlyTheChannel(reason) || reason.ReplyCode is > 500 and < Constants.InternalError);

    private static bool ClosedOnlyTheChannel(ShutdownEventArgs reason) => reason.ReplyCode is (>= 403 and <= 406) or Constants.ContentTooLarge;

    private void WriteSoon()
    {
        if (_backlog.TryBecomeWriter())
            ThreadPool.UnsafeQueueUserWorkItem(static publisher => _ = publisher.WriteAsync(int.MaxValue), this, preferLocal: false);
    }

    // The one writer. Ends when there is nothing to send or nobody to send it to.
    private async Task WriteAsync(int share)
    {
        for (var sent = 0; ; sent++)
        {
            if (sent == share)
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            var message = _backlog.TakeNext(_isBlocked, out var channel, out var dropped);
            if (dropped > 0)
                MessagingTelemetry.InFlight.Add(-dropped);
            if (message is null)
                return;
            try
            {
                var publish = channel.PublishAsync(message);
                if (!publish.IsCompletedSuccessfully)
                    await publish.ConfigureAwait(false);
                MessagingTelemetry.Published.Add(1);
            }
            catch (Exception error) when (channel.IsUsable && !ConnectionErrors.IsOfTheConnection(error))
            {
                // The client could not write this message, so the tag was not used.
                if (_backlog.Undo(channel))
                    Fail(message, Failures.Invalid(message, error));
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // The channel is closing; the loop takes back all that is in flight, this message too.
                Log.WriteFailed(_logger, error);
            }
        }
    }

    private void Fail(PendingPublish message, Exception error)
    {
        if (message.Fail(error))
            MessagingTelemetry.PublishFailed.Add(1);
        MessagingTelemetry.InFlight.Add(-1);
        _backlog.Leave([message]);
    }

    // Ends the wait of messages whose deadline has passed. Runs every 100 ms while something waits.
    private void Tick()
    {
        if (_backlog.Count == 0)
        {
            // Stopped before it is said to be: else who starts it in between would be stopped after, and no deadline be kept any more.
            _clock.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Interlocked.Exchange(ref _ticking, 0);
            // A message may have come between the look and the stop.
            if (_backlog.Count > 0 && Interlocked.Exchange(ref _ticking, 1) == 0)
                _clock.Change(TickPeriod, TickPeriod);
            return;
        }
        var late = _backlog.Late(_time.GetTimestamp());
        foreach (var message in late)
        {
            if (message.Completion.TrySetException(Failures.Late(this, Failures.Destination(message.Exchange, message.RoutingKey), message.MessageId, message.Sent)))
                MessagingTelemetry.PublishFailed.Add(1);
        }
        // Canceled ones too: while there is no connection nothing else takes them out.
        MessagingTelemetry.InFlight.Add(-_backlog.Prune());
        if (_backlog.EndRefillPause())
            _ = WriteAsync(int.MaxValue);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "The publishing channel to {Address} closed: {Code} {Text}")]
        public static partial void ChannelClosed(ILogger logger, BrokerAddress address, ushort code, string text);

        [LoggerMessage(LogLevel.Warning, "No publishing channel to {Address}; trying again")]
        public static partial void OpenFailed(ILogger logger, Exception error, BrokerAddress address);

        [LoggerMessage(LogLevel.Debug, "A publish met a closing channel and waits for the next one")]
        public static partial void WriteFailed(ILogger logger, Exception error);
    }
}
