using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using Warren.Messaging.Publishing;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Retries;

/// <summary>
/// The waiting room of messages whose handler threw: one quorum queue per rung of 1, 2, 4 … 4096 seconds, whose TTL sends a message
/// back to the queue it came from.
/// </summary>
/// <remarks>
/// Each message visits one rung per attempt, entering by a fanout exchange with its origin queue as routing key; the rung dead-letters
/// to the default exchange with that key. Rungs are not chained, since RabbitMQ drops a message that it sees go round a second time,
/// and have no <c>x-expires</c>, which deletes a queue with confirmed messages in it. The last rung's queue per broker is 4096 s.
/// </remarks>
internal sealed class RetryLadder(TopologyDeclarer declarer, MessagePublisher publisher)
{
    /// <summary>The longest rung, in seconds.</summary>
    public const int LongestRung = 4096;

    private readonly ConcurrentDictionary<int, Task> _rungs = new();

    /// <summary>The rung for a wait: the wait rounded up to a power of two seconds.</summary>
    public static int Rung(TimeSpan delay) =>
        (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Math.Ceiling(delay.TotalSeconds), 1, LongestRung));

    /// <summary>The wait before the attempt that follows the given one.</summary>
    public static TimeSpan Delay(RetryPolicy policy, int attempt)
    {
        var doubled = policy.FirstDelay.TotalSeconds * Math.Pow(2, Math.Min(attempt - 1, 30));
        return TimeSpan.FromSeconds(Math.Min(doubled, Math.Min(policy.MaxDelay.TotalSeconds, LongestRung)));
    }

    /// <summary>The name of a rung's exchange and queue.</summary>
    public static string RungName(int seconds) => string.Create(CultureInfo.InvariantCulture, $"warren.delay.{seconds}");

    /// <summary>Puts a message on a rung; ends when the broker has confirmed it there.</summary>
    public async Task RetryAsync(MessageContext message, TimeSpan delay, CancellationToken cancellationToken)
    {
        var rung = Rung(delay);
        await EnsureRungAsync(rung).WaitAsync(cancellationToken).ConfigureAwait(false);
        var properties = MovedMessage.Copy(message.Properties);
        MovedMessage.SetOrigin(properties, message);
        properties.Headers![MessageHeaders.Attempts] = message.Attempt;
        // Jitter: those that failed together do not come back together.
        var wait = rung * 1000 * (0.75 + (Random.Shared.NextDouble() * 0.25));
        properties.Expiration = ((long)wait).ToString(CultureInfo.InvariantCulture);
        try
        {
            await publisher.MoveAsync(RungName(rung), message.Queue, message.Body, properties, cancellationToken).ConfigureAwait(false);
        }
        catch (PublishFailedException error) when (error.Reason is PublishFailureReason.Unroutable or PublishFailureReason.Refused)
        {
            // Someone deleted the rung: make it again, once.
            _rungs.TryRemove(rung, out _);
            await EnsureRungAsync(rung).WaitAsync(cancellationToken).ConfigureAwait(false);
            await publisher.MoveAsync(RungName(rung), message.Queue, message.Body, properties, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task EnsureRungAsync(int seconds)
    {
        var ensured = _rungs.GetOrAdd(seconds, static (rung, declarer) => DeclareRungAsync(rung, declarer), declarer);
        try
        {
            await ensured.ConfigureAwait(false);
        }
        catch
        {
            // Whatever it was, it must not be remembered for ever.
            _rungs.TryRemove(new KeyValuePair<int, Task>(seconds, ensured));
            throw;
        }
    }

    private static async Task DeclareRungAsync(int seconds, TopologyDeclarer declarer)
    {
        var name = RungName(seconds);
        await declarer.EnsureExchangeAsync(new ExchangeDefinition(name) { Kind = ExchangeKind.Fanout }, CancellationToken.None).ConfigureAwait(false);
        await declarer.EnsureQueueAsync(
            new QueueDefinition(name)
            {
                Arguments = new Dictionary<string, object?>
                {
                    ["x-message-ttl"] = seconds * 1000,
                    // The routing key stays the origin queue's name, which the default exchange routes back.
                    ["x-dead-letter-routing-key"] = null,
                    // Nobody consumes a rung.
                    ["x-delivery-limit"] = null,
                },
            },
            CancellationToken.None).ConfigureAwait(false);
        await declarer.BindAsync(new BindingDefinition(name, name, ""), CancellationToken.None).ConfigureAwait(false);
    }
}
