using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Warren.Messaging.Topology;

/// <summary>
/// Declares exchanges, queues and bindings. What others may own is looked at first and created only if it is missing, so that a
/// queue a Python or Node service declared in its own way is used as it is.
/// </summary>
internal sealed class TopologyDeclarer(AdminChannels channels)
{
    /// <summary>Declares all of it as asked; what exists differently is an error.</summary>
    public async Task DeclareAsync(TopologyDefinition topology, CancellationToken cancellationToken)
    {
        foreach (var exchange in topology.Exchanges)
            await CreateExchangeAsync(exchange, cancellationToken).ConfigureAwait(false);
        foreach (var queue in topology.Queues)
            await CreateQueueAsync(queue, cancellationToken).ConfigureAwait(false);
        foreach (var binding in topology.Bindings)
            await BindAsync(binding, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Uses the exchange as it is, or creates it.</summary>
    public async Task EnsureExchangeAsync(ExchangeDefinition exchange, CancellationToken cancellationToken)
    {
        // The default exchange and the broker's own always exist, and may not be declared.
        if (exchange.Name.Length == 0 || exchange.Name.StartsWith("amq.", StringComparison.Ordinal))
            return;
        var exists = await ExistsAsync(
            $"look at exchange \"{exchange.Name}\"",
            async (channel, token) =>
            {
                await channel.ExchangeDeclarePassiveAsync(exchange.Name, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        if (!exists)
            await CreateExchangeAsync(exchange, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Uses the queue as it is, or creates it.</summary>
    public async Task EnsureQueueAsync(QueueDefinition queue, CancellationToken cancellationToken)
    {
        if (!await QueueExistsAsync(queue.Name, cancellationToken).ConfigureAwait(false))
            await CreateQueueAsync(queue, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether the queue exists; one that another connection holds exclusively does.</summary>
    public Task<bool> QueueExistsAsync(string queue, CancellationToken cancellationToken) => ExistsAsync(
        $"look at queue \"{queue}\"",
        async (channel, token) =>
        {
            await channel.QueueDeclarePassiveAsync(queue, token).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    /// <summary>Creates the queue, and first the dead-letter queue it points to.</summary>
    public async Task<QueueDeclareOk> CreateQueueAsync(QueueDefinition queue, CancellationToken cancellationToken)
    {
        if (QueueConventions.DeadLetterQueueOf(queue) is { } dead)
            await EnsureQueueAsync(dead, cancellationToken).ConfigureAwait(false);
        return await channels.RunAsync(
            $"declare queue \"{queue.Name}\"",
            (channel, token) => channel.QueueDeclareAsync(
                queue.Name, queue.Durable, queue.Exclusive, queue.AutoDelete, QueueConventions.Arguments(queue), cancellationToken: token),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Binds; a binding that exists is left alone.</summary>
    public Task BindAsync(BindingDefinition binding, CancellationToken cancellationToken) => channels.RunAsync(
        $"bind queue \"{binding.Queue}\" to exchange \"{binding.Exchange}\"",
        async (channel, token) =>
        {
            await channel.QueueBindAsync(
                binding.Queue, binding.Exchange, binding.RoutingKey, binding.Arguments?.ToDictionary(), cancellationToken: token).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    private Task<bool> CreateExchangeAsync(ExchangeDefinition exchange, CancellationToken cancellationToken) => channels.RunAsync(
        $"declare exchange \"{exchange.Name}\"",
        async (channel, token) =>
        {
            await channel.ExchangeDeclareAsync(
                exchange.Name, QueueConventions.TypeName(exchange.Kind), exchange.Durable, exchange.AutoDelete,
                exchange.Arguments?.ToDictionary(), cancellationToken: token).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    private Task<bool> ExistsAsync(string what, Func<IChannel, CancellationToken, Task<bool>> look, CancellationToken cancellationToken) => channels.RunAsync(
        what,
        async (channel, token) =>
        {
            try
            {
                return await look(channel, token).ConfigureAwait(false);
            }
            catch (OperationInterruptedException error) when (QueueErrors.IsMissing(error))
            {
                return false;
            }
        },
        cancellationToken);
}
