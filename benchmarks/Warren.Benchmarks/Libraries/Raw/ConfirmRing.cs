using System.Threading.Tasks.Sources;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Libraries.Raw;

/// <summary>
/// The window of unconfirmed publishes of one channel with one publishing loop. The n-th publish has the sequence number n; single acks
/// may come out of order, so finished numbers are marked and the floor moves over the marks. A full window parks the loop until it is half
/// empty: one wake-up for many confirms.
/// </summary>
internal sealed class ConfirmRing : IValueTaskSource
{
    private readonly int _window;
    private readonly bool[] _done;
    private readonly Action<long> _confirmed;
    private ManualResetValueTaskSourceCore<bool> _room = new() { RunContinuationsAsynchronously = true };
    private long _sent;
    private long _floor;
    private int _parked;
    private volatile VariantFailedException? _failure;

    /// <summary>Listens to the confirms of a channel.</summary>
    /// <param name="channel">A channel with confirms on and tracking off.</param>
    /// <param name="window">How many publishes may be unconfirmed; a power of two.</param>
    /// <param name="confirmed">Told of each confirmed sequence number, on the connection's reader loop.</param>
    public ConfirmRing(IChannel channel, int window, Action<long> confirmed)
    {
        _window = window;
        _done = new bool[window];
        _confirmed = confirmed;
        channel.BasicAcksAsync += OnAckAsync;
        channel.BasicNacksAsync += OnNackAsync;
        channel.ChannelShutdownAsync += OnShutdownAsync;
    }

    /// <summary>Waits for a place in the window.</summary>
    public ValueTask EnterAsync()
    {
        if (_sent - Volatile.Read(ref _floor) < _window)
            return default;
        _room.Reset();
        Interlocked.Exchange(ref _parked, 1);
        // The acks may have come before the park was seen; whoever clears it first decides.
        return HasRoom && Interlocked.Exchange(ref _parked, 0) == 1 ? default : new ValueTask(this, _room.Version);
    }

    /// <summary>The sequence number of the publish that follows; called before it, because the ack may come first.</summary>
    public long Next()
    {
        ThrowIfFailed();
        var next = _sent + 1;
        Volatile.Write(ref _sent, next);
        return next;
    }

    /// <summary>Waits until everything is confirmed.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) => Wait.UntilAsync(
        () =>
        {
            ThrowIfFailed();
            return Volatile.Read(ref _floor) == _sent;
        },
        () => $"{_sent - Volatile.Read(ref _floor)} of {_sent} publishes are not confirmed.",
        cancellationToken);

    void IValueTaskSource.GetResult(short token) => _room.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _room.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _room.OnCompleted(continuation, state, token, flags);

    private bool HasRoom => Volatile.Read(ref _sent) - Volatile.Read(ref _floor) <= _window / 2 || _failure is not null;

    private Task OnAckAsync(object sender, BasicAckEventArgs ack)
    {
        var tag = (long)ack.DeliveryTag;
        var floor = _floor;
        if (!ack.Multiple)
            _done[tag & (_window - 1)] = true;
        while (ack.Multiple && floor < tag)
            Advance(ref floor);
        while (_done[(floor + 1) & (_window - 1)])
            Advance(ref floor);
        Volatile.Write(ref _floor, floor);
        WakeIfRoom();
        return Task.CompletedTask;
    }

    private void Advance(ref long floor)
    {
        floor++;
        _done[floor & (_window - 1)] = false;
        _confirmed(floor);
    }

    private Task OnNackAsync(object sender, BasicNackEventArgs nack)
    {
        Fail($"The broker refused publish {nack.DeliveryTag}.");
        return Task.CompletedTask;
    }

    private Task OnShutdownAsync(object sender, ShutdownEventArgs reason)
    {
        if (Volatile.Read(ref _floor) < Volatile.Read(ref _sent))
            Fail($"The channel was closed with unconfirmed publishes: {reason.ReplyText}");
        return Task.CompletedTask;
    }

    private void Fail(string message)
    {
        _failure = new VariantFailedException(message);
        WakeIfRoom();
    }

    private void WakeIfRoom()
    {
        if (Volatile.Read(ref _parked) == 1 && HasRoom && Interlocked.Exchange(ref _parked, 0) == 1)
            _room.SetResult(true);
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
            throw failure;
    }
}
