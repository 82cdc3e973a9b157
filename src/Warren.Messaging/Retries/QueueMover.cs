using Warren.Messaging.Publishing;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Retries;

/// <summary>Moves what waits in a queue to another: each message leaves only when the broker has confirmed its copy.</summary>
internal sealed class QueueMover(AdminChannels channels, MessagePublisher publisher, TimeProvider time)
{
    // How many copies wait for their confirm at once.
    private const int Window = 256;

    // The messages of one channel: a series of operations has a time limit.
    private const int AtOnce = 4096;

    /// <inheritdoc cref="QueueAdmin.MoveAsync"/>
    public async Task<long> MoveAsync(string from, string to, long max, CancellationToken cancellationToken)
    {
        var moved = 0L;
        while (moved < max)
        {
            var before = moved;
            await channels.RunAsync(
                $"move the messages of queue \"{from}\" to queue \"{to}\"",
                async (channel, token) =>
                {
                    var held = new HeldLetters(channel, from, time);
                    try
                    {
                        await MoveSomeAsync(held, to, max - moved, () => moved++, token).ConfigureAwait(false);
                    }
                    finally
                    {
                        await held.GiveBackAsync(token).ConfigureAwait(false);
                    }
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
            if (moved == before)
                break;
        }
        return moved;
    }

    private async Task MoveSomeAsync(HeldLetters held, string to, long max, Action onMoved, CancellationToken cancellationToken)
    {
        PublishFailedException? failed = null;
        var inFlight = new Queue<(Task Copy, ulong Tag)>();
        for (var taken = 0; taken < Math.Min(max, AtOnce) && failed is null; taken++)
        {
            if (inFlight.Count == Window)
                failed = await SettleAsync(held, inFlight.Dequeue(), onMoved, cancellationToken).ConfigureAwait(false);
            if (await held.GetAsync(cancellationToken).ConfigureAwait(false) is not { } message)
                break;
            inFlight.Enqueue((publisher.MoveAsync("", to, message.Body, MovedMessage.Copy(message.BasicProperties), cancellationToken), message.DeliveryTag));
        }
        // Those after one that failed may have arrived, and must not come twice.
        while (inFlight.TryDequeue(out var next))
            failed = await SettleAsync(held, next, onMoved, cancellationToken).ConfigureAwait(false) ?? failed;
        if (failed is not null)
            throw failed;
    }

    private static async Task<PublishFailedException?> SettleAsync(
        HeldLetters held, (Task Copy, ulong Tag) message, Action onMoved, CancellationToken cancellationToken)
    {
        try
        {
            await message.Copy.ConfigureAwait(false);
        }
        catch (PublishFailedException error)
        {
            // It stays in its queue; the caller is told.
            return error;
        }
        await held.AckAsync(message.Tag, cancellationToken).ConfigureAwait(false);
        onMoved();
        return null;
    }
}
