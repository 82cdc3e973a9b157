using Warren.Broker.Connections;
using Warren.Broker.Queues;
using Warren.Broker.Routing;

namespace Warren.Broker;

/// <summary>Writes down what the engine holds, one virtual host after another, each in one turn of its lock.</summary>
internal static class SnapshotTaker
{
    /// <summary>Takes a snapshot.</summary>
    public static BrokerSnapshot Take(Engine engine) => new()
    {
        Taken = engine.Clock.Time.GetUtcNow(),
        VirtualHosts = [.. engine.Hosts.OrderBy(host => host.Name, StringComparer.Ordinal).Select(Of)],
        Connections = [.. engine.Connections.OrderBy(connection => connection.Session.OpenedAt).Select(Of)],
        Alarms = engine.Alarms.Raised,
    };

    private static VirtualHostSnapshot Of(VirtualHost host) => host.Read(() => new VirtualHostSnapshot(
        host.Name,
        [.. host.Exchanges.OrderBy(exchange => exchange.Name, StringComparer.Ordinal).Select(Of)],
        [.. host.Queues.OrderBy(queue => queue.Name, StringComparer.Ordinal).Select(Of)]));

    private static ExchangeSnapshot Of(Exchange exchange) => new()
    {
        Name = exchange.Name,
        Type = exchange.Type,
        IsDurable = exchange.Durable,
        IsAutoDelete = exchange.AutoDelete,
        IsInternal = exchange.Internal,
        Bindings = exchange.Bindings.Count,
    };

    private static QueueSnapshot Of(Queue queue) => new()
    {
        Name = queue.Name,
        Type = queue.Arguments.IsQuorum ? "quorum" : "classic",
        IsDurable = queue.Definition.IsDurable,
        IsExclusive = queue.Definition.IsExclusive,
        IsAutoDelete = queue.Definition.IsAutoDelete,
        Ready = queue.Ready.Count,
        Unacked = queue.UnackedCount,
        Published = queue.Published,
        Delivered = queue.Delivered,
        Consumers = [.. queue.Consumers.All.OfType<ChannelConsumer>().Select(Of)],
    };

    private static ConsumerSnapshot Of(ChannelConsumer consumer) => new()
    {
        Tag = consumer.Tag,
        Client = consumer.Channel.Connection.Session.RemoteEndPoint,
        Channel = consumer.Channel.Number,
        Prefetch = consumer.Prefetch,
        Priority = consumer.Priority,
        NoAck = consumer.NoAck,
        IsExclusive = consumer.IsExclusive,
        IsActive = (consumer.Queue.Consumers.Active ?? consumer) == consumer,
    };

    private static ConnectionSnapshot Of(AmqpConnection connection) => new()
    {
        Client = connection.Session.RemoteEndPoint,
        OpenedAt = connection.Session.OpenedAt,
        Name = connection.Session.Client.ConnectionName,
        User = connection.Session.User.Name,
        VirtualHost = connection.Session.VirtualHost,
        IsEncrypted = connection.Session.Ends.IsEncrypted,
        IsBlocked = connection.IsBlocked,
        Channels = connection.Host.Read(() => (ChannelSnapshot[])[.. connection.Channels.OrderBy(channel => channel.Number).Select(Of)]),
    };

    private static ChannelSnapshot Of(AmqpChannel channel) => new()
    {
        Number = channel.Number,
        Consumers = channel.ConsumerCount,
        Unacked = channel.UnackedCount,
        GlobalPrefetch = channel.GlobalPrefetch,
        IsConfirming = channel.IsConfirming,
        IsTransactional = channel.IsTransactional,
    };
}
