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

    private readonly BrokerConnection _connection;
    private readonly MessagingOptions _options;
    private readonly Func<string, CancellationToken, Task> _repairExchange;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _clock;

    private readonly Lock _gate = new();
    private readonly ConfirmWindow _window;
    private readonly Stack<PendingPublish> _idle = new();
    private readonly LinkedList<PendingPublish> _waiting = new();
    private readonly LinkedList<PendingPublish> _suspects = new();
    private ConfirmChannel? _channel;
    private Task? _loop;
    private int _pending;
    private bool _writing;
    private bool _ticking;

    public ConfirmedPublisher(
        BrokerConnection connection, MessagingOptions options, Func<string, CancellationToken, Task> repairExchange,
        TimeProvider time, ILogger logger)
    {
        _connection = connection;
        _options = options;
        _repairExchange = repairExchange;
        _time = time;
        _logger = logger;
        _window = new ConfirmWindow(options.PublishWindow);
        _clock = time.CreateTimer(static state => ((ConfirmedPublisher)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _connection.BlockedChanged += WriteSoon;
    }

    /// <summary>Opens the channel in the background. Does nothing the second time.</summary>
    public void Start()
    {
        lock (_gate)
            _loop ??= Task.Run(RunAsync);
    }

    /// <summary>A message to fill in and submit, or to give back.</summary>
    public PendingPublish Rent()
    {
        lock (_gate)
            return _idle.TryPop(out var used) ? used : new PendingPublish();
    }

    /// <summary>Takes back a message that was not submitted.</summary>
    public void Return(PendingPublish message)
    {
        lock (_gate)
            ReturnLocked(message);
    }

    /// <summary>Sends a message that <see cref="PendingPublish.Begin"/> made ready; its task ends with the broker's answer.</summary>
    public Task<string?> Submit(PendingPublish message, CancellationToken cancellationToken)
    {
        var task = message.Task;
        message.CancelWith(cancellationToken);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, typeof(MessageBus));
            _pending++;
            MessagingTelemetry.InFlight.Add(1);
            _waiting.AddLast(message.Node);
            if (!_ticking)
            {
                _ticking = true;
                _clock.Change(Tick100, Tick100);
            }
            if (!TryBecomeWriter())
                return task;
        }
        _ = WriteAsync(CallerShare);
        return task;
    }

    /// <summary>The connection it publishes on.</summary>
    public BrokerConnection Connection => _connection;

    /// <summary>Why publishing is held up now; null if it is not.</summary>
    public string? BlockedReason => _connection.BlockedReason;

    /// <summary>Whether a channel is open.</summary>
    public bool IsOpen => Volatile.Read(ref _channel) is not null;

    /// <summary>Waits for the confirms of what was submitted, up to the given time, and fails the rest.</summary>
    public async Task DrainAsync(TimeSpan patience)
    {
        var until = _time.GetTimestamp() + (long)(patience.TotalSeconds * _time.TimestampFrequency);
        while (_time.GetTimestamp() < until)
        {
            lock (_gate)
            {
                if (_window.Count == 0 && _waiting.Count == 0 && _suspects.Count == 0)
                    return;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(5), _time).ConfigureAwait(false);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _connection.BlockedChanged -= WriteSoon;
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_loop is { } loop)
            await loop.ConfigureAwait(false);
        await _clock.DisposeAsync().ConfigureAwait(false);
        List<PendingPublish> left;
        lock (_gate)
        {
            left = [.. _window.Reset(), .. _suspects, .. _waiting];
            _suspects.Clear();
            _waiting.Clear();
        }
        foreach (var message in left)
            Fail(message, Failures.Disposed(message));
    }

    private static readonly TimeSpan Tick100 = TimeSpan.FromMilliseconds(100);

    // Opens channel after channel until the publisher is disposed.
    private async Task RunAsync()
    {
        var pause = new ReopenPause(TimeSpan.FromSeconds(1), _time);
        while (!_stopping.IsCancellationRequested)
        {
            ConfirmChannel? channel = null;
            try
            {
                var connection = await _connection.OpenAsync(_stopping.Token).ConfigureAwait(false);
                channel = await ConfirmChannel.OpenAsync(connection, this, _stopping.Token).ConfigureAwait(false);
                pause.Opened();
                lock (_gate)
                    _channel = channel;
                WriteSoon();
                var reason = await channel.Closed.WaitAsync(_stopping.Token).ConfigureAwait(false);
                Log.ChannelClosed(_logger, _connection.Address, reason.ReplyCode, reason.ReplyText);
                await TakeBackAsync(channel, reason).ConfigureAwait(false);
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
            finally
            {
                lock (_gate)
                    _channel = null;
                if (channel is not null)
                    await channel.DisposeAsync().ConfigureAwait(false);
            }
            await pause.WaitAsync(_stopping.Token).ConfigureAwait(false);
        }
    }

    // Puts what was in flight on a closed channel back in front, or finds the message that closed it.
    private async Task TakeBackAsync(ConfirmChannel channel, ShutdownEventArgs reason)
    {
        PendingPublish? guilty = null;
        List<PendingPublish> answered = [];
        lock (_gate)
        {
            _channel = null;
            List<PendingPublish> inFlight = [];
            foreach (var message in _window.Reset())
                (message.IsAnswered ? answered : inFlight).Add(message);

            var accused = ClosedOverAMessage(reason);
            if (accused && inFlight.Count == 1 && (ClosedOnlyTheChannel(reason) || ++inFlight[0].Strikes > 1))
            {
                guilty = inFlight[0];
            }
            else
            {
                var front = accused ? _suspects : _waiting;
                for (var i = inFlight.Count - 1; i >= 0; i--)
                    front.AddFirst(inFlight[i].Node);
            }
        }
        foreach (var message in answered)
            Leave(message);
        if (guilty is not null)
            await JudgeAsync(guilty, reason).ConfigureAwait(false);
    }

    private async Task JudgeAsync(PendingPublish message, ShutdownEventArgs reason)
    {
        if (reason.ReplyCode == Constants.NotFound && message is { ExchangeRepaired: false, Exchange.Length: > 0 })
        {
            // Someone deleted the exchange: declare it again and send the message once more.
            message.ExchangeRepaired = true;
            try
            {
                await _repairExchange(message.Exchange, _stopping.Token).ConfigureAwait(false);
                lock (_gate)
                    _suspects.AddFirst(message.Node);
                return;
            }
            catch (MessagingException error)
            {
                Fail(message, Failures.Refused(_connection, message, reason, error));
                return;
            }
        }
        Fail(message, Failures.Refused(_connection, message, reason));
    }

    // 4xx closes the channel over a method on it; 5xx, but for an operator's order or a fault of the broker, over what was sent.
    private static bool ClosedOverAMessage(ShutdownEventArgs reason) =>
        reason.Initiator == ShutdownInitiator.Peer && reason.ReplyCode is >= 403 and < 541 and not Constants.ConnectionForced;

    private static bool ClosedOnlyTheChannel(ShutdownEventArgs reason) => reason.ReplyCode is >= 403 and <= 406 or Constants.ContentTooLarge;

    // Call with the gate held.
    private bool TryBecomeWriter()
    {
        if (_writing || _channel is null)
            return false;
        return _writing = true;
    }

    private void WriteSoon()
    {
        lock (_gate)
        {
            if (!TryBecomeWriter())
                return;
        }
        ThreadPool.UnsafeQueueUserWorkItem(static publisher => _ = publisher.WriteAsync(int.MaxValue), this, preferLocal: false);
    }

    // The one writer. Ends, under the gate, when there is nothing to send or nobody to send it to.
    private async Task WriteAsync(int share)
    {
        for (var sent = 0; ; sent++)
        {
            if (sent == share)
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (TakeNext(out var channel) is not { } message)
                return;
            try
            {
                var publish = channel.PublishAsync(message);
                if (!publish.IsCompletedSuccessfully)
                    await publish.ConfigureAwait(false);
                MessagingTelemetry.Published.Add(1);
            }
            catch (Exception error) when (channel.IsUsable && !Failures.IsOfTheConnection(error))
            {
                // The client could not write this message, so the tag was not used.
                lock (_gate)
                {
                    if (_channel == channel)
                        _window.RemoveLast();
                }
                Fail(message, Failures.Invalid(message, error));
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // The channel is closing; the loop takes back all that is in flight, this message too.
                Log.WriteFailed(_logger, error);
            }
        }
    }

    private PendingPublish? TakeNext(out ConfirmChannel channel)
    {
        lock (_gate)
        {
            channel = _channel!;
            while (_channel is { IsUsable: true } && _connection.BlockedReason is null && !_window.IsFull && _window.Count < _options.PublishWindow)
            {
                var queue = _suspects.Count > 0 ? _suspects : _waiting;
                // A suspect travels alone.
                if (queue.First is not { } first || (_suspects.Count > 0 && _window.Count > 0))
                    break;
                queue.RemoveFirst();
                var message = first.Value;
                if (message.IsAnswered)
                {
                    LeaveLocked(message);
                    continue;
                }
                message.Sent = true;
                _window.Add(message);
                return message;
            }
            _writing = false;
            return null;
        }
    }

    /// <summary>The broker's answer to one message or to all up to it. Called on the connection's reader loop, so it must not wait.</summary>
    internal void OnConfirm(ConfirmChannel channel, ulong tag, bool multiple, bool acked)
    {
        var answered = channel.Answered;
        bool more;
        lock (_gate)
        {
            if (channel != _channel)
                return;
            _window.Confirm(tag, multiple, answered);
        }
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
        lock (_gate)
        {
            foreach (var message in answered)
                LeaveLocked(message);
            more = _waiting.Count > 0 || _suspects.Count > 0;
        }
        answered.Clear();
        if (more)
            WriteSoon();
    }

    /// <summary>A mandatory message reached no queue; its confirm follows. Called on the connection's reader loop.</summary>
    internal void OnReturn(ConfirmChannel channel, BasicReturnEventArgs returned)
    {
        lock (_gate)
        {
            if (channel == _channel
                && _window.FindReturned(returned.BasicProperties.MessageId, returned.Exchange, returned.RoutingKey) is { } message)
            {
                message.ReturnReason = $"{returned.ReplyCode} {returned.ReplyText}";
            }
        }
    }

    private void Fail(PendingPublish message, Exception error)
    {
        if (message.Fail(error))
            MessagingTelemetry.PublishFailed.Add(1);
        Leave(message);
    }

    private void Leave(PendingPublish message)
    {
        lock (_gate)
            LeaveLocked(message);
    }

    // The message has its answer and is in no queue any more.
    private void LeaveLocked(PendingPublish message)
    {
        _pending--;
        MessagingTelemetry.InFlight.Add(-1);
        ReturnLocked(message);
    }

    private void ReturnLocked(PendingPublish message)
    {
        if (_idle.Count < _options.PublishWindow)
            _idle.Push(message);
    }

    // Ends the wait of messages whose deadline has passed. Runs every 100 ms while something waits.
    private void Tick()
    {
        var now = _time.GetTimestamp();
        List<PendingPublish>? late = null;
        lock (_gate)
        {
            if (_pending == 0)
            {
                _ticking = false;
                _clock.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                return;
            }
            foreach (var message in _window.InFlight().Concat(_suspects).Concat(_waiting))
            {
                if (message.Deadline <= now && !message.IsAnswered)
                    (late ??= []).Add(message);
            }
        }
        if (late is null)
            return;
        foreach (var message in late)
        {
            if (message.Fail(Failures.Late(this, Failures.Destination(message), message.MessageId, message.Sent)))
                MessagingTelemetry.PublishFailed.Add(1);
        }
        // Those that still wait to be sent go; those in flight keep their tag until the broker answers or the channel ends.
        lock (_gate)
        {
            for (var node = _waiting.First; node is not null;)
            {
                var next = node.Next;
                if (node.Value.IsAnswered)
                {
                    _waiting.Remove(node);
                    LeaveLocked(node.Value);
                }
                node = next;
            }
        }
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
