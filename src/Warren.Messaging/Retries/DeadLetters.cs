using System.Collections.Concurrent;
using RabbitMQ.Client;
using Warren.Messaging.Publishing;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Retries;

/// <summary>Messages that were given up, in the queue <c>&lt;queue&gt;.dead</c>: list, read, replay, purge.</summary>
/// <remarks>
/// Looking takes the messages and gives them back in their old order by closing the channel, so two people who look at the same time
/// see different ones. A queue that never had a dead letter has none: no call fails because <c>&lt;queue&gt;.dead</c> does not exist.
/// </remarks>
public sealed class DeadLetters
{
    // How many replayed messages wait for their confirm at once.
    private const int Window = 256;

    private static readonly TimeSpan ReturnPatience = TimeSpan.FromSeconds(1);

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
            return Task.FromResult(letters.Count < max);
        }, letters.Clear, static () => 0, cancellationToken).ConfigureAwait(false);
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
        }, () => found = null, static () => 0, cancellationToken).ConfigureAwait(false);
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
        async Task SettleOneAsync(IChannel channel, CancellationToken token)
        {
            var (move, tag) = inFlight.Dequeue();
            await move.ConfigureAwait(false);
            await channel.BasicAckAsync(tag, multiple: false, token).ConfigureAwait(false);
            replayed++;
        }

        await WithLettersAsync(queue, "replay", int.MaxValue, async (letter, message, channel, token) =>
        {
            if (filter?.Matches(letter) == false)
            {
                kept++;
                return true;
            }
            if (inFlight.Count == Window)
                await SettleOneAsync(channel, token).ConfigureAwait(false);
            inFlight.Enqueue((_publisher.MoveAsync("", letter.Queue, letter.Body, Revived(message.BasicProperties), token), message.DeliveryTag));
            return true;
        }, () =>
        {
            inFlight.Clear();
            kept = 0;
        }, () => replayed, cancellationToken, finish: async (channel, token) =>
        {
            while (inFlight.Count > 0)
                await SettleOneAsync(channel, token).ConfigureAwait(false);
            // An ack has no answer; one that is asked for shows that the broker has seen them all.
            await channel.BasicQosAsync(0, 0, global: false, token).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return new ReplayResult(replayed, kept);
    }

    /// <summary>Deletes dead letters.</summary>
    /// <returns>How many.</returns>
    public async Task<int> PurgeAsync(string queue, DeadLetterFilter? filter = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        var purged = 0;
        await WithLettersAsync(queue, "purge", int.MaxValue, async (letter, message, channel, token) =>
        {
            if (filter?.Matches(letter) != false)
            {
                await channel.BasicAckAsync(message.DeliveryTag, multiple: false, token).ConfigureAwait(false);
                purged++;
            }
            return true;
        }, static () => { }, () => purged, cancellationToken, finish: (channel, token) => channel.BasicQosAsync(0, 0, global: false, token)).ConfigureAwait(false);
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

    private static BasicProperties Revived(IReadOnlyBasicProperties properties)
    {
        var revived = MovedMessage.Copy(properties);
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
        catch (MessagingException)
        {
            _ensured.TryRemove(new KeyValuePair<string, Task>(queue, ensured));
            throw;
        }
    }

    // Gets letters one by one on one channel until the visitor has enough or those of the start are through. What was not acked goes
    // back when the channel closes; a call that follows at once would find the queue empty, so this ends when they are back.
    private async Task WithLettersAsync(
        string queue, string verb, int max, Func<DeadLetter, BasicGetResult, IChannel, CancellationToken, Task<bool>> visit, Action restart,
        Func<int> gone, CancellationToken cancellationToken, Func<IChannel, CancellationToken, Task>? finish = null)
    {
        var source = QueueConventions.DeadLetterQueue(queue);
        if (!await _declarer.QueueExistsAsync(source, cancellationToken).ConfigureAwait(false))
            return;
        var before = await _channels.RunAsync(
            $"{verb} the dead letters of queue \"{queue}\"",
            async (channel, token) =>
            {
                restart();
                var count = (await channel.QueueDeclarePassiveAsync(source, token).ConfigureAwait(false)).MessageCount;
                for (var i = 0L; i < Math.Min(count, max); i++)
                {
                    if (await channel.BasicGetAsync(source, autoAck: false, token).ConfigureAwait(false) is not { } message
                        || !await visit(DeadLetter.From(queue, message), message, channel, token).ConfigureAwait(false))
                    {
                        break;
                    }
                }
                if (finish is not null)
                    await finish(channel, token).ConfigureAwait(false);
                return count;
            },
            cancellationToken).ConfigureAwait(false);
        await WaitForReturnAsync(source, before - gone(), cancellationToken).ConfigureAwait(false);
    }

    private Task<bool> WaitForReturnAsync(string source, long expected, CancellationToken cancellationToken) => _channels.RunAsync(
        $"look at queue \"{source}\"",
        async (channel, token) =>
        {
            // Somebody else may take or look at them meanwhile, so there is an end to the patience.
            var began = _time.GetTimestamp();
            while (_time.GetElapsedTime(began) < ReturnPatience)
            {
                if ((await channel.QueueDeclarePassiveAsync(source, token).ConfigureAwait(false)).MessageCount >= expected)
                    return true;
                await Task.Delay(TimeSpan.FromMilliseconds(5), _time, token).ConfigureAwait(false);
            }
            return false;
        },
        cancellationToken);
}
