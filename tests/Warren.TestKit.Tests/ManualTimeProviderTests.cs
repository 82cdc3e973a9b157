namespace Warren.TestKit.Tests;

public class ManualTimeProviderTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_clock_stands_still_until_it_is_moved()
    {
        var (start, timestamp) = (_time.GetUtcNow(), _time.GetTimestamp());
        Assert.Equal(start, _time.GetUtcNow());

        _time.Advance(90 * Second);

        Assert.Equal(start + (90 * Second), _time.GetUtcNow());
        Assert.Equal(90 * Second, _time.GetElapsedTime(timestamp));
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(-Second));
    }

    [Fact]
    public void Timers_fire_in_order_on_the_moving_thread_at_the_time_they_were_due()
    {
        var start = _time.GetUtcNow();
        List<(string Name, double At, int Thread)> fired = [];
        void Fire(object? name) => fired.Add(((string)name!, (_time.GetUtcNow() - start).TotalSeconds, Environment.CurrentManagedThreadId));
        using var late = _time.CreateTimer(Fire, "late", 3 * Second, Timeout.InfiniteTimeSpan);
        using var early = _time.CreateTimer(Fire, "early", Second, Timeout.InfiniteTimeSpan);
        using var twin = _time.CreateTimer(Fire, "twin", Second, Timeout.InfiniteTimeSpan);
        using var often = _time.CreateTimer(Fire, "often", 2 * Second, 2 * Second);
        using var never = _time.CreateTimer(Fire, "never", Timeout.InfiniteTimeSpan, Second);

        _time.Advance(0.5 * Second);
        Assert.Empty(fired);
        _time.Advance(4.5 * Second);

        var here = Environment.CurrentManagedThreadId;
        Assert.Equal([("early", 1, here), ("twin", 1, here), ("often", 2, here), ("late", 3, here), ("often", 4, here)], fired);
    }

    [Fact]
    public void A_changed_timer_fires_at_its_new_time_and_a_disposed_one_never()
    {
        var fired = 0;
        var timer = _time.CreateTimer(_ => fired++, null, Second, Timeout.InfiniteTimeSpan);
        Assert.True(timer.Change(5 * Second, Second));
        _time.Advance(4 * Second);
        Assert.Equal(0, fired);
        _time.Advance(3 * Second);
        Assert.Equal(3, fired);

        timer.Dispose();
        Assert.False(timer.Change(Second, Second));
        Assert.Equal(0, _time.ActiveTimers);
        _time.Advance(10 * Second);
        Assert.Equal(3, fired);
    }

    [Fact]
    public void A_callback_may_dispose_its_timer_set_another_and_move_the_clock()
    {
        List<string> fired = [];
        ITimer? repeating = null;
        repeating = _time.CreateTimer(
            _ =>
            {
                fired.Add("first");
                repeating!.Dispose();
                _time.CreateTimer(_ => fired.Add("second"), null, Second, Timeout.InfiniteTimeSpan);
                _time.Advance(5 * Second);
            },
            null,
            Second,
            Second);
        var start = _time.GetUtcNow();

        _time.Advance(2 * Second);

        Assert.Equal(["first", "second"], fired);
        Assert.Equal(start + (6 * Second), _time.GetUtcNow());
    }

    [Fact]
    public async Task A_timer_that_is_due_at_once_fires_by_itself()
    {
        var fired = new AsyncCounter();
        await using var timer = _time.CreateTimer(_ => fired.Increment(), null, TimeSpan.Zero, Second);
        await fired.WaitForAsync(1, cancellationToken: Token);
        _time.Advance(2 * Second);
        Assert.Equal(3, fired.Value);
    }

    [Fact]
    public async Task Delays_periodic_timers_and_timeouts_follow_the_clock()
    {
        var delay = Task.Delay(10 * Second, _time, Token);
        using var timeout = new CancellationTokenSource(20 * Second, _time);
        using var periodic = new PeriodicTimer(15 * Second, _time);
        var wait = new TaskCompletionSource().Task.WaitAsync(30 * Second, _time, Token);
        await _time.WaitForTimersAsync(4, cancellationToken: Token);
        var tick = periodic.WaitForNextTickAsync(Token);

        _time.Advance(9 * Second);
        Assert.False(delay.IsCompleted);
        _time.Advance(Second);
        await delay;
        Assert.False(tick.IsCompleted);
        _time.Advance(9 * Second);
        Assert.True(await tick);
        Assert.False(timeout.IsCancellationRequested);
        _time.Advance(Second);
        Assert.True(timeout.IsCancellationRequested);
        _time.Advance(10 * Second);
        await Assert.ThrowsAsync<TimeoutException>(() => wait);
    }

    [Fact]
    public async Task A_cancelled_delay_leaves_no_timer()
    {
        using var cancel = new CancellationTokenSource();
        var delay = Task.Delay(Second, _time, cancel.Token);
        Assert.Equal(1, _time.ActiveTimers);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => delay);
        Assert.Equal(0, _time.ActiveTimers);
    }

    [Fact]
    public async Task Many_threads_may_set_timers_while_one_moves_the_clock()
    {
        var fired = new AsyncCounter();
        var setters = Enumerable.Range(0, 4).Select(_ => Task.Run(
            () =>
            {
                for (var i = 1; i <= 500; i++)
                    _time.CreateTimer(_ => fired.Increment(), null, TimeSpan.FromMilliseconds(i), Timeout.InfiniteTimeSpan);
            },
            Token)).ToList();
        while (!setters.TrueForAll(setter => setter.IsCompleted))
            _time.Advance(TimeSpan.FromMilliseconds(1));
        await Task.WhenAll(setters);

        _time.Advance(Second);
        Assert.Equal(2_000, fired.Value);
    }
}
