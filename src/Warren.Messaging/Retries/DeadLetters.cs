using System.Collections.Concurrent;
using System.Globalization;
using RabbitMQ.Client;
using Warren.Messaging.Publishing;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Retries;

/// <summary>Messages that were given up, in the queue <c>&lt;queue&gt;.dead</c>: list, read, replay, purge.</summary>
/// <remarks>
/// Looking takes the messages and gives them back in their old order, so two people who look at the same time see different ones. A queue that never had a dead letter has none: no call fails because <c>&lt;queue&gt;.dead</c> does not exist.
/// </remarks>
public sealed class DeadLetters
{
    // How many replayed messages wait for their confirm at once.
    private const int Window = 256;

    private readonly AdminChannels _channels;
    private readonly TopologyDeclarer _declarer;
    private readonly MessagePublisher _publisher;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Task> _ensured = new(StringComparer.Ordinal);

    internal DeadLetters(AdminChannels channels, TopologyDeclarer declarer, MessagePublisher publisher, TimeProvider time)
    {
        _channels = channels;
        _declarer = declarer;
        _publisher = publisher;
        _time = time;
    }

    /// <summary>The oldest dead letters of a queue, with their bodies.</summary>
    /// <param name="queue">The queue they came from, without <c>.dead</c>.</param>
    /// <param name="max">At most so many. The default is 100.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<IReadOnlyList<DeadLetter>> ListAsync(string queue, int max = 100, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(max);
        var letters = new List<DeadLetter>();
        await WithLettersAsync(queue, "list", max, (letter, _, _, _) =>
        {
            letters.Add(letter);
            return Task.FromResult(true);
        }, letters.Clear, cancellationToken).ConfigureAwait(false);
        return letters;
    }

    /// <summary>One dead letter by message id, or null if there is none.</summary>
    public async Task<DeadLetter?> ReadAsync(string queue, string messageId, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        ArgumentException.ThrowIfNullOrEmpty(messageId);
        DeadLetter? found = null;
        await WithLettersAsync(queue, "read", int.MaxValue, (letter, _, _, _) =>
        {
            if (letter.MessageId == messageId)
                found = letter;
            return Task.FromResult(found is null);
        }, () => found = null, cancellationToken).ConfigureAwait(false);
        return found;
    }

    /// <summary>
    /// Sends dead letters back to the queue they came from, with their attempts counted anew. Takes at most as many as there are at
    /// its start, so what fails again meanwhile is not replayed twice. A crash in the middle can double a message, never lose one.
    /// </summary>
    /// <exception cref="PublishFailedException">The queue is gone or full; what was not replayed stays a dead letter.</exception>
    public async Task<ReplayResult> ReplayAsync(string queue, DeadLetterFilter? filter = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        var replayed = 0;
        var kept = 0;
        var inFlight = new Queue<(Task Move, ulong Tag)>();

        // The dead letter goes only when its copy is safe.
        async Task SettleOneAsync(HeldLetters held, CancellationToken token)
        {
            var (move, tag) = inFlight.Dequeue();
            await move.ConfigureAwait(false);
            await held.AckAsync(tag, token).ConfigureAwait(false);
            replayed++;
        }

        await WithLettersAsync(queue, "replay", int.MaxValue, async (letter, message, held, token) =>
        {
            if (filter?.Matches(letter) == false)
            {
                kept++;
                return true;
            }
            if (inFlight.Count == Window)
                await SettleOneAsync(held, token).ConfigureAwait(false);
            inFlight.Enqueue((_publisher.MoveAsync("", letter.Queue, letter.Body, Revived(letter, message.BasicProperties), token), message.DeliveryTag));
            return true;
        }, () =>
        {
            inFlight.Clear();
            kept = 0;
        }, cancellationToken, finish: async (held, token) =>
        {
            PublishFailedException? failed = null;
            while (inFlight.Count > 0)
            {
                try
                {
                    await SettleOneAsync(held, token).ConfigureAwait(false);
                }
                catch (PublishFailedException error)
                {
                    // Those after it may have arrived, and must not come twice.
                    failed ??= error;
                }
            }
            if (failed is not null)
                throw failed;
        }).ConfigureAwait(false);
        return new ReplayResult(replayed, kept);
    }

    /// <summary>Deletes dead letters.</summary>
    /// <returns>How many.</returns>
    public async Task<int> PurgeAsync(string queue, DeadLetterFilter? filter = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        var purged = 0;
        await WithLettersAsync(queue, "purge", int.MaxValue, async (letter, message, held, token) =>
        {
            if (filter?.Matches(letter) != false)
            {
                await held.AckAsync(message.DeliveryTag, token).ConfigureAwait(false);
                purged++;
            }
            return true;
        }, static () => { }, cancellationToken).ConfigureAwait(false);
        return purged;
    }

    /// <summary>Gives a message up: confirmed in the dead-letter queue when this ends.</summary>
    internal async Task MoveAsync(MessageContext message, string reason, Exception error, CancellationToken cancellationToken)
    {
        var properties = MovedMessage.Copy(message.Properties);
        MovedMessage.SetOrigin(properties, message);
        properties.Headers![MessageHeaders.Attempts] = message.Attempt;
        MovedMessage.SetText(properties, MessageHeaders.DeathReason, reason);
        MovedMessage.SetText(properties, MessageHeaders.ExceptionType, error.GetType().FullName ?? error.GetType().Name);
        MovedMessage.SetText(properties, MessageHeaders.ExceptionMessage, error.Message);
        MovedMessage.SetText(properties, MessageHeaders.DeathTime, MovedMessage.Time(_time.GetUtcNow()));

        var target = QueueConventions.DeadLetterQueue(message.Queue);
        await EnsureAsync(message.Queue).WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await _publisher.MoveAsync("", target, message.Body, properties, cancellationToken).ConfigureAwait(false);
        }
        catch (PublishFailedException failed) when (failed.Reason == PublishFailureReason.Unroutable)
        {
            // Someone deleted the dead-letter queue: make it again, once.
            _ensured.TryRemove(message.Queue, out _);
            await EnsureAsync(message.Queue).WaitAsync(cancellationToken).ConfigureAwait(false);
            await _publisher.MoveAsync("", target, message.Body, properties, cancellationToken).ConfigureAwait(false);
        }
    }

    private static BasicProperties Revived(DeadLetter letter, IReadOnlyBasicProperties properties)
    {
        var revived = MovedMessage.Copy(properties);
        // What the broker gave up carries its origin in x-death only, which does not travel.
        MovedMessage.SetText(revived, MessageHeaders.OriginQueue, letter.Queue);
        MovedMessage.SetText(revived, MessageHeaders.OriginExchange, letter.OriginExchange ?? "");
        MovedMessage.SetText(revived, MessageHeaders.OriginRoutingKey, letter.OriginRoutingKey ?? letter.Queue);
        foreach (var header in (string[])[MessageHeaders.Attempts, MessageHeaders.DeathReason, MessageHeaders.ExceptionType, MessageHeaders.ExceptionMessage, MessageHeaders.DeathTime])
            revived.Headers!.Remove(header);
        return revived;
    }

    private async Task EnsureAsync(string queue)
    {
        var ensured = _ensured.GetOrAdd(
            queue, static (name, declarer) => declarer.EnsureQueueAsync(QueueConventions.DeadLetters(name), CancellationToken.None), _declarer);
        try
        {
            await ensured.ConfigureAwait(false);
        }
        catch
        {
            // Whatever it was, it must not be remembered for ever.
            _ensured.TryRemove(new KeyValuePair<string, Task>(queue, ensured));
            throw;
        }
    }

    // Gets letters one by one on one channel until the visitor has enough or those of the start are through, then gives back what was
    // not acknowledged.
    private async Task WithLettersAsync(
        string queue, string verb, int max, Func<DeadLetter, BasicGetResult, HeldLetters, CancellationToken, Task<bool>> visit, Action restart,
        CancellationToken cancellationToken, Func<HeldLetters, CancellationToken, Task>? finish = null)
    {
        var source = QueueConventions.DeadLetterQueue(queue);
        if (!await _declarer.QueueExistsAsync(source, cancellationToken).ConfigureAwait(false))
            return;
        await _channels.RunAsync(
            string.Create(CultureInfo.InvariantCulture, $"{verb} the dead letters of queue \"{queue}\""),
            async (channel, token) =>
            {
                restart();
                var held = new HeldLetters(channel, source, _time);
                try
                {
                    await VisitAsync(queue, held, max, visit, token).ConfigureAwait(false);
                }
                finally
                {
                    try
                    {
                        if (finish is not null)
                            await finish(held, token).ConfigureAwait(false);
                    }
                    finally
                    {
                        await held.GiveBackAsync(token).ConfigureAwait(false);
                    }
                }
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task VisitAsync(
        string queue, HeldLetters held, int max, Func<DeadLetter, BasicGetResult, HeldLetters, CancellationToken, Task<bool>> visit,
        CancellationToken cancellationToken)
    {
        var count = 1L;
        var visiting = true;
        for (var seen = 0L; seen < count; seen++)
        {
            if (await held.GetAsync(cancellationToken).ConfigureAwait(false) is not { } message)
                return;
            // The queue's own count comes late after an earlier look; a get does not.
            if (seen == 0)
                count = 1 + (long)message.MessageCount;
            if (visiting)
                visiting = await visit(DeadLetter.From(queue, message), message, held, cancellationToken).ConfigureAwait(false) && seen + 1 < max;
            // A quorum queue keeps what was given back in a line of its own, before the others, and a letter given back goes to that
            // line's end. So whoever takes one of them takes them all, or the order would turn.
            if (!visiting && !message.Redelivered)
                return;
        }
    }
}
