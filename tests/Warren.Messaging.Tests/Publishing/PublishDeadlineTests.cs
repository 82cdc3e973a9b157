using Microsoft.Extensions.Logging.Abstractions;
using Warren.Messaging.Connections;
using Warren.Messaging.Publishing;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Publishing;

/// <summary>Deadlines without a broker: nothing is ever sent.</summary>
public class PublishDeadlineTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task A_message_that_comes_while_the_clock_of_deadlines_is_being_stopped_keeps_its_own()
    {
        var manual = new ManualTimeProvider();
        var time = new TellingTimeProvider(manual);
        var options = new MessagingOptions();
        await using var connection = new BrokerConnection(options, BrokerAddress.Parse("amqp://127.0.0.1:1"), "test", time, NullLogger.Instance);
        await using var publisher = new ConfirmedPublisher(connection, options, (_, _) => Task.CompletedTask, time, NullLogger.Instance);
        using var cancel = new CancellationTokenSource();
        var first = Submit(publisher, time, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        // It is taken out, so that the next look finds nothing and stops the clock.
        manual.Advance(Tick);
        Task<string?>? second = null;
        time.Stopping = () => second ??= Submit(publisher, time, CancellationToken.None);
        manual.Advance(Tick);
        Assert.NotNull(second);

        manual.Advance(TimeSpan.FromSeconds(2));

        var error = await Assert.ThrowsAsync<PublishFailedException>(() => second.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System));
        Assert.Equal(PublishFailureReason.NotConnected, error.Reason);
    }

    private static Task<string?> Submit(ConfirmedPublisher publisher, TimeProvider time, CancellationToken cancellationToken)
    {
        var message = publisher.Rent();
        message.Begin("", "queue", mandatory: true, time.GetTimestamp() + time.TimestampFrequency);
        return publisher.Submit(message, cancellationToken);
    }

    // Tells when one of its timers is about to be stopped.
    private sealed class TellingTimeProvider(ManualTimeProvider time) : TimeProvider
    {
        public Action Stopping { get; set; } = () => { };

        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new TellingTimer(this, time.CreateTimer(callback, state, dueTime, period));

        private sealed class TellingTimer(TellingTimeProvider time, ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                if (dueTime == Timeout.InfiniteTimeSpan)
                    time.Stopping();
                return timer.Change(dueTime, period);
            }

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
