using RabbitMQ.Client;

namespace Warren.Messaging.Retries;

/// <summary>
/// The letters one look has taken from a dead-letter queue, and gives back in their order. Closing the channel would give them back
/// too, but a quorum queue then takes each for a consumer of its own, in no order, and some time later.
/// </summary>
/// <remarks>
/// A channel of RabbitMQ has at most 32 acks and nacks under way to a quorum queue; it keeps back the others, sends them later without
/// order, and forgets them when it closes. So never more than half as many are sent without seeing that those before were taken in.
/// </remarks>
internal sealed class HeldLetters(IChannel channel, string source, TimeProvider time)
{
    private const int Most = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly SortedSet<ulong> _tags = [];
    private int _acks;
    private bool _runs;

    /// <summary>Takes the oldest letter, if there is one.</summary>
    public async Task<BasicGetResult?> GetAsync(CancellationToken cancellationToken)
    {
        // A quorum queue that is being declared is known before it runs. RabbitMQ 3.10 answers a get by closing the connection then, with
        // all consumers on it (541, noproc); asked for its count it says 0. A queue that counts a message runs.
        _runs = _runs || (await channel.QueueDeclarePassiveAsync(source, cancellationToken).ConfigureAwait(false)).MessageCount > 0;
        if (!_runs)
            return null;
        var message = await channel.BasicGetAsync(source, autoAck: false, cancellationToken).ConfigureAwait(false);
        // A get is answered after all that came before it.
        _acks = 0;
        if (message is not null)
            _tags.Add(message.DeliveryTag);
        return message;
    }

    /// <summary>Deletes a letter from its queue.</summary>
    public async Task AckAsync(ulong tag, CancellationToken cancellationToken)
    {
        await channel.BasicAckAsync(tag, multiple: false, cancellationToken).ConfigureAwait(false);
        _tags.Remove(tag);
        if (++_acks == Most)
            await GetAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives back what was not deleted; ends when the queue has it.</summary>
    public async Task GiveBackAsync(CancellationToken cancellationToken)
    {
        if (!channel.IsOpen)
            return; // They go back with the channel.
        if (_acks > 0)
            await GetAsync(cancellationToken).ConfigureAwait(false);
        if (_tags.Count == 0)
            return;
        var expected = (await channel.QueueDeclarePassiveAsync(source, cancellationToken).ConfigureAwait(false)).MessageCount;
        foreach (var tags in _tags.Chunk(Most))
        {
            foreach (var tag in tags)
                await channel.BasicNackAsync(tag, multiple: false, requeue: true, cancellationToken).ConfigureAwait(false);
            expected += (uint)tags.Length;
            await WaitForAsync(expected, cancellationToken).ConfigureAwait(false);
        }
        _tags.Clear();
    }

    // Somebody else may take them away at once, so the wait has an end.
    private async Task WaitForAsync(uint expected, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while ((await channel.QueueDeclarePassiveAsync(source, cancellationToken).ConfigureAwait(false)).MessageCount < expected
            && time.GetElapsedTime(began) < Patience)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), time, cancellationToken).ConfigureAwait(false);
        }
    }
}
