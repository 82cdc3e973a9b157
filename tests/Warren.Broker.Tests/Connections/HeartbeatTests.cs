using Warren.Broker.Connections;
using Warren.TestKit;

namespace Warren.Broker.Tests.Connections;

public sealed class HeartbeatTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _clock = new();
    private readonly Heartbeats _heartbeats;
    private long _sent;
    private int _beats;
    private int _ends;

    public HeartbeatTests() => _heartbeats = new(_clock);

    public void Dispose() => _heartbeats.Dispose();

    private Heartbeat Start(TimeSpan? interval = null)
    {
        var heartbeat = new Heartbeat(_heartbeats, interval ?? Interval, () => _ends++);
        heartbeat.Start(() => _sent, () =>
        {
            _beats++;
            _sent++;
        });
        return heartbeat;
    }

    [Fact]
    public void A_heartbeat_is_sent_when_nothing_was_for_half_the_interval()
    {
        using var heartbeat = Start();

        _clock.Advance(Interval / 2 - Look);
        Assert.Equal(0, _beats);
        _clock.Advance(Look);
        Assert.Equal(1, _beats);
        heartbeat.Received();
        _clock.Advance(Interval);
        Assert.Equal(3, _beats);
    }

    [Fact]
    public void Whatever_is_sent_is_as_good_as_a_heartbeat()
    {
        using var heartbeat = Start();

        for (var i = 0; i < 20; i++)
        {
            _sent += 100;
            heartbeat.Received();
            _clock.Advance(Interval / 2 - Look);
        }

        Assert.Equal(0, _beats);
    }

    [Fact]
    public void A_peer_that_was_silent_for_two_intervals_is_dead_once()
    {
        using var heartbeat = Start();

        _clock.Advance(2 * Interval - Look);
        Assert.Equal(0, _ends);
        _clock.Advance(Look);
        Assert.Equal(1, _ends);
        _clock.Advance(10 * Interval);
        Assert.Equal((1, 0), (_ends, _clock.ActiveTimers));
    }

    [Fact]
    public void Whatever_is_received_keeps_the_peer_alive()
    {
        using var heartbeat = Start();

        for (var i = 0; i < 20; i++)
        {
            _clock.Advance(2 * Interval - Look);
            heartbeat.Received();
        }

        Assert.Equal(0, _ends);
    }

    [Fact]
    public void A_connection_that_is_not_read_from_is_not_dead_and_sends_all_the_same()
    {
        using var heartbeat = Start();
        heartbeat.Pause();
        _clock.Advance(10 * Interval);
        Assert.Equal((0, 20), (_ends, _beats));

        heartbeat.Resume();

        _clock.Advance(2 * Interval);
        Assert.Equal(0, _ends);
        _clock.Advance(Look);
        Assert.Equal(1, _ends);
    }

    [Fact]
    public void An_interval_of_zero_is_no_heartbeat()
    {
        using var heartbeat = Start(TimeSpan.Zero);

        _clock.Advance(TimeSpan.FromDays(1));

        Assert.Equal((0, 0, 0), (_beats, _ends, _clock.ActiveTimers));
    }

    [Fact]
    public void The_shortest_interval_sets_the_pace_and_the_timer_rests_without_any()
    {
        using var slow = Start(TimeSpan.FromMinutes(10));
        using var quick = Start(TimeSpan.FromSeconds(1));

        _clock.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(1, _beats);
        quick.Dispose();
        slow.Dispose();

        Assert.Equal(0, _clock.ActiveTimers);
    }
}
