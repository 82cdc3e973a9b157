using RabbitMQ.Client;

namespace Warren.Messaging.Topology;

/// <summary>Queues of the broker: declare, look, purge, delete.</summary>
public sealed class QueueAdmin
{
    private readonly AdminChannels _channels;
    private readonly TopologyDeclarer _declarer;
    private readonly Func<string, string, long, CancellationToken, Task<long>> _move;

    internal QueueAdmin(AdminChannels channels, TopologyDeclarer declarer, Func<string, string, long, CancellationToken, Task<long>> move)
    {
        _channels = channels;
        _declarer = declarer;
        _move = move;
    }

    /// <summary>Declares a queue exactly so. Declaring again is no error; a queue that exists with other properties is.</summary>
    /// <exception cref="QueueOperationException">It exists with other properties, or access is refused.</exception>
    public async Task<QueueStatus> DeclareAsync(QueueDefinition queue, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(queue);
        var declared = await _declarer.CreateQueueAsync(queue, cancellationToken).ConfigureAwait(false);
        return Status(declared);
    }

    /// <summary>What AMQP tells of a queue.</summary>
    /// <exception cref="QueueOperationException">There is no such queue (<see cref="QueueFailureReason.NotFound"/>).</exception>
    public async Task<QueueStatus> InfoAsync(string queue, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        var declared = await _channels.RunAsync(
            $"look at queue \"{queue}\"", (channel, token) => channel.QueueDeclarePassiveAsync(queue, token), cancellationToken).ConfigureAwait(false);
        return Status(declared);
    }

    /// <summary>Whether the queue exists.</summary>
    public Task<bool> ExistsAsync(string queue, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        return _declarer.QueueExistsAsync(queue, cancellationToken);
    }

    /// <summary>Deletes the messages that wait in a queue, not those a consumer holds.</summary>
    /// <returns>How many were deleted.</returns>
    /// <exception cref="QueueOperationException">There is no such queue, or access is refused.</exception>
    public async Task<long> PurgeAsync(string queue, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        return await _channels.RunAsync(
            $"purge queue \"{queue}\"", (channel, token) => channel.QueuePurgeAsync(queue, token), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes a queue with its messages. A queue that does not exist is no error.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="ifUnused">Refuse if it has consumers.</param>
    /// <param name="ifEmpty">Refuse if it has messages.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>How many messages went with it.</returns>
    /// <exception cref="QueueOperationException">It is used or not empty (<see cref="QueueFailureReason.PreconditionFailed"/>), or access is refused.</exception>
    public async Task<long> DeleteAsync(string queue, bool ifUnused = false, bool ifEmpty = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        return await _channels.RunAsync(
            $"delete queue \"{queue}\"",
            (channel, token) => channel.QueueDeleteAsync(queue, ifUnused, ifEmpty, cancellationToken: token),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Moves what waits in a queue to another, oldest first, as persistent messages: each is deleted when the broker has confirmed its copy, so
    /// a crash in the middle can double a message, never lose one.
    /// </summary>
    /// <param name="from">The queue they wait in.</param>
    /// <param name="to">The queue they are moved to.</param>
    /// <param name="max">How many at most. The default is all, those too that come meanwhile.</param>
    /// <param name="cancellationToken">Stops; what was moved stays moved.</param>
    /// <returns>How many were moved.</returns>
    /// <exception cref="QueueOperationException">There is no queue of the first name, or access is refused.</exception>
    /// <exception cref="PublishFailedException">There is no queue of the second name, or it is full; what was not moved stays.</exception>
    public Task<long> MoveAsync(string from, string to, long max = long.MaxValue, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(from);
        ArgumentException.ThrowIfNullOrEmpty(to);
        ArgumentOutOfRangeException.ThrowIfNegative(max);
        ArgumentOutOfRangeException.ThrowIfEqual(from, to);
        return _move(from, to, max, cancellationToken);
    }

    private static QueueStatus Status(QueueDeclareOk declared) => new(declared.QueueName, declared.MessageCount, declared.ConsumerCount);
}

/// <summary>What AMQP tells of a queue.</summary>
/// <param name="Name">Its name.</param>
/// <param name="MessageCount">How many messages are ready; those that consumers hold are not counted.</param>
/// <param name="ConsumerCount">How many consumers it has.</param>
public sealed record QueueStatus(string Name, long MessageCount, long ConsumerCount);
