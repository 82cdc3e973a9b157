using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Consumers;

/// <summary>
/// Settles the deliveries of one channel, one by one or together, and knows how much of the prefetch credit is used. Acks can be held
/// while the consumer is renewed, so that no credit comes back at the wrong moment.
/// </summary>
internal sealed partial class Acknowledger : IAsyncDisposable
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(5);

    // How long an ack that is under way may hold up the next life of the consumer: the client writes it, or finds the connection dead.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly IChannel _channel;
    private readonly string _queue;
    private readonly ILogger _logger;
    private readonly AckBatch? _batch;
    private readonly ITimer? _timer;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _flushing = new(1, 1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private TaskCompletionSource? _hold;
    private bool _ending;
    private int _sending;
    private long _delivered;
    private long _settled;
    private int _armed;

    public Acknowledger(IChannel channel, string queue, bool together, TimeProvider time, ILogger logger)
    {
        _channel = channel;
        _queue = queue;
        _time = time;
        _logger = logger;
        if (together)
        {
            _batch = new AckBatch();
            _timer = time.CreateTimer(static state => _ = ((Acknowledger)state!).FlushAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>How many deliveries came.</summary>
    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Notes a delivery.</summary>
    public void Deliver() => Interlocked.Increment(ref _delivered);

    /// <summary>Acknowledges a delivery: now, or with others once a quarter of the prefetch, or 5 ms, have come together.</summary>
    public async ValueTask AckAsync(ulong tag, int prefetch)
    {
        if (!_channel.IsOpen)
            return; // The broker gives it to the next consumer; at least once means this.
        if (_batch is null)
            await SendAsync(tag, multiple: false).ConfigureAwait(false);
        else if (_batch.Settle(tag) >= Math.Max(1, prefetch / 4))
            await FlushAsync().ConfigureAwait(false);
        else if (Interlocked.Exchange(ref _armed, 1) == 0)
            _timer!.Change(Delay, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sends the acks that wait for others.</summary>
    public async Task FlushAsync()
    {
        Interlocked.Exchange(ref _armed, 0);
        if (_batch is null)
            return;
        // One at a time: an ack that is overtaken by a later one names a tag the broker knows no more, and closes the channel.
        await _flushing.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_batch.Take() is > 0 and var tag)
                await SendAsync(tag, multiple: true).ConfigureAwait(false);
        }
        finally
        {
            _flushing.Release();
        }
    }

    /// <summary>Gives a delivery back to its queue. Call only while acks are held.</summary>
    public async ValueTask GiveBackAsync(ulong tag)
    {
        await _channel.BasicNackAsync(tag, multiple: false, requeue: true).ConfigureAwait(false);
        if (_batch is not null)
            _batch.PassOver(tag);
        else
            Interlocked.Increment(ref _settled);
    }

    /// <summary>Holds all acks until <see cref="Release"/>.</summary>
    /// <param name="onlyIfOutstanding">Only if so many deliveries are unsettled: with the whole prefetch out, nothing more is under way.</param>
    /// <returns>False if they are held already, or the condition does not hold.</returns>
    public bool TryHold(int? onlyIfOutstanding)
    {
        lock (_gate)
        {
            if (_hold is not null || (onlyIfOutstanding is { } all && Delivered - _settled != all))
                return false;
            _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return true;
        }
    }

    /// <summary>Lets the held acks go.</summary>
    public void Release()
    {
        TaskCompletionSource? hold;
        lock (_gate)
        {
            hold = _hold;
            _hold = null;
        }
        hold?.SetResult();
    }

    /// <summary>
    /// Sends nothing more, and ends when nothing is under way. The next channel of the connection may have the number of this one: an ack that
    /// was about to be written when this one closed would settle, there, a message that nobody has handled.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
            await _timer.DisposeAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _ending = true;
            if (_sending == 0)
                _ended.TrySetResult();
        }
        try
        {
            await _ended.Task.WaitAsync(Patience, _time).ConfigureAwait(false);
        }
        catch (TimeoutException error)
        {
            // A client that cannot write for so long has no connection that could have another channel.
            Log.AckFailed(_logger, error, _queue);
        }
    }

    private async ValueTask SendAsync(ulong tag, bool multiple)
    {
        while (true)
        {
            Task held;
            lock (_gate)
            {
                if (_ending)
                    return; // As with a channel that is closed.
                if (_hold is null)
                {
                    _settled = multiple ? (long)tag : _settled + 1;
                    _sending++;
                    break;
                }
                held = _hold.Task;
            }
            await held.ConfigureAwait(false);
        }
        try
        {
            await _channel.BasicAckAsync(tag, multiple).ConfigureAwait(false);
        }
        catch (Exception error) when (ConnectionErrors.IsOfTheEnd(error))
        {
            // The channel is gone, and with it the delivery: it comes again.
            Log.AckFailed(_logger, error, _queue);
        }
        finally
        {
            lock (_gate)
            {
                if (--_sending == 0 && _ending)
                    _ended.TrySetResult();
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "An ack on {Queue} met a closed channel; the message will come again")]
        public static partial void AckFailed(ILogger logger, Exception error, string queue);
    }
}
