namespace Warren.TestKit.Tests;

public class EventuallyTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_returns_once_the_condition_holds()
    {
        var looks = 0;
        await Eventually.ThatAsync(() => ++looks == 3, "there were three looks", cancellationToken: Token);
        Assert.Equal(3, looks);
        Assert.Equal(5, await Eventually.GetAsync(() => Task.FromResult(++looks), value => value > 4, "there were more", cancellationToken: Token));
    }

    [Fact]
    public async Task A_look_that_throws_is_repeated()
    {
        var looks = 0;
        await Eventually.PassesAsync(
            () =>
            {
                Assert.Equal(2, ++looks);
                return Task.CompletedTask;
            },
            "the second look passes",
            cancellationToken: Token);
        Assert.Equal(2, looks);
    }

    [Fact]
    public async Task A_failure_says_what_was_waited_for_and_the_last_value()
    {
        var failure = await Assert.ThrowsAsync<EventuallyException>(
            () => Eventually.GetAsync(() => Task.FromResult(41), value => value == 42, "the answer is there", Short, Token));
        Assert.Matches(@"^It did not happen that the answer is there, within \d+\.\d s and \d+ looks; the last value was 41\.$", failure.Message);
    }

    [Fact]
    public async Task A_failure_says_the_last_exception()
    {
        var failure = await Assert.ThrowsAsync<EventuallyException>(
            () => Eventually.ThatAsync(bool () => throw new InvalidOperationException("no route"), "a route is there", Short, Token));
        Assert.Contains("InvalidOperationException: no route", failure.Message, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(failure.InnerException);
    }

    [Fact]
    public async Task A_look_that_hangs_is_given_up()
    {
        var failure = await Assert.ThrowsAsync<EventuallyException>(
            () => Eventually.ThatAsync(() => new TaskCompletionSource<bool>().Task, "it answers", Short, Token));
        Assert.Contains("TimeoutException", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_wait_ends_as_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var wait = Eventually.ThatAsync(() => false, "never", cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task Counters_arrivals_and_signals_wake_who_waits_and_tell_what_was_missing()
    {
        var counter = new AsyncCounter();
        var second = counter.WaitForAsync(2, cancellationToken: Token);
        Assert.Equal(1, counter.Increment());
        Assert.False(second.IsCompleted);
        counter.Increment();
        await second;
        var missing = await Assert.ThrowsAsync<EventuallyException>(() => counter.WaitForAsync(3, Short, Token));
        Assert.StartsWith("2 of 3 events", missing.Message, StringComparison.Ordinal);

        var arrivals = new Arrivals<string>();
        var both = arrivals.WaitForAsync(2, cancellationToken: Token);
        arrivals.Add("a");
        arrivals.Add("b");
        Assert.Equal(["a", "b"], await both);
        Assert.Equal("a", await arrivals.FirstAsync(cancellationToken: Token));

        var signal = new Signal();
        await Assert.ThrowsAsync<EventuallyException>(() => signal.WaitAsync(Short, Token));
        signal.Set();
        signal.Set();
        await signal.WaitAsync(cancellationToken: Token);
        Assert.True(signal.IsSet);
    }
}
