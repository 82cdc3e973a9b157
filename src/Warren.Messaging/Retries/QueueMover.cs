using RabbitMQ.Client;
using Warren.Messaging.Publishing;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Retries;

/// <summary>Moves what waits in a queue to another: each message leaves only when the broker has confirmed its copy.</summary>
internal sealed class QueueMover(AdminChannels channels, MessagePublisher publisher)
{
    // How many copies wait for their confirm at once, and the messages of one channel.
    private const int Window = 256;

    // Acks a channel may have under way to a quorum queue; others it may forget when it closes.
    private const int AcksAtOnce = 16;

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
                    var held = new List<(Task Copy, ulong Tag)>();
                    while (held.Count < Window && moved + held.Count < max && await channel.BasicGetAsync(from, autoAck: false, token).ConfigureAwait(false) is { } message)
                        held.Add((publisher.MoveAsync("", to, message.Body, MovedMessage.Copy(message.BasicProperties), token), message.DeliveryTag));
                    // What is not acknowledged goes back with the channel.
                    await SettleAsync(channel, from, held, () => moved++, token).ConfigureAwait(false);
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
            if (moved == before)
                break;
        }
        return moved;
    }

    private static async Task SettleAsync(IChannel channel, string from, List<(Task Copy, ulong Tag)> held, Action onMoved, CancellationToken cancellationToken)
    {
        PublishFailedException? failed = null;
        var acks = 0;
        foreach (var (copy, tag) in held)
        {
            try
            {
                await copy.ConfigureAwait(false);
            }
            catch (PublishFailedException error)
            {
                // Those after it may have arrived, and must not come twice.
                failed ??= error;
                continue;
            }
            await channel.BasicAckAsync(tag, multiple: false, cancellationToken).ConfigureAwait(false);
            onMoved();
            // The answer comes after the acks were taken in.
            if (++acks % AcksAtOnce == 0)
                await channel.QueueDeclarePassiveAsync(from, cancellationToken).ConfigureAwait(false);
        }
        if (acks > 0)
            await channel.QueueDeclarePassiveAsync(from, cancellationToken).ConfigureAwait(false);
        if (failed is not null)
            throw failed;
    }
}
