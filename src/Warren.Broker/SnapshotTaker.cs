using System.Runtime.CompilerServices;
using Warren.Broker.Connections;
using Warren.Broker.Diagnostics;
using Warren.Broker.Queues;
using Warren.Broker.Routing;
using Warren.Broker.Storage;

namespace Warren.Broker;

/// <summary>Writes down what the engine holds, one virtual host after another, each in one turn of its lock.</summary>
/// <remarks>In the turn things are only written down; what takes longer, as putting them in order, is done outside of it.</remarks>
internal sealed class SnapshotTaker(Engine engine)
{
    // Kept only as long as what they are of. Each is used under the lock of its virtual host.
    private readonly ConditionalWeakTable<object, RateWindow> _rates = [];

    /// <summary>Takes a snapshot.</summary>
    public BrokerSnapshot Take()
    {
        var time = engine.Clock.Time;
        var now = (double)time.GetTimestamp() / time.TimestampFrequency;
        return new()
        {
            Taken = time.GetUtcNow(),
            VirtualHosts = [.. engine.Hosts.OrderBy(host => host.Name, StringComparer.Ordinal).Select(host => Of(host, now))],
            Connections = [.. engine.Connections.OrderBy(connection => connection.Session.OpenedAt).Select(connection => Of(connection, now))],
            Alarms = engine.Alarms.Raised,
            Memory = new(engine.Memory.Bytes, engine.Memory.ContentBytes, engine.Memory.Limit),
            Store = engine.Store is { } store ? Of(store) : null,
        };
    }

    private static StoreSnapshot Of(MessageStore store)
    {
        var usage = store.Usage();
        var report = store.Recovered.Report;
        return new(usage.Segments, usage.LogBytes, usage.LiveBytes, usage.PendingBytes, new(
            report.WasClosed, report.Messages, report.TruncatedBytes, [.. report.Damaged.Select(range => $"{range.File} at byte {range.Offset}, {range.Length} bytes: {range.Text}")], report.Took));
    }

    private VirtualHostSnapshot Of(VirtualHost host, double now)
    {
        var (exchanges, queues, bindings) = host.Read(() => (
            host.Exchanges.Select(exchange => Of(exchange, now)).ToArray(),
            host.Queues.Select(queue => Of(queue, host, now)).ToArray(),
            host.Exchanges.SelectMany(exchange => exchange.Bindings).ToArray()));
        exchanges.AsSpan().Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        queues.AsSpan().Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return new(host.Name, exchanges, queues, [.. bindings.Select(Of)]);
    }

    private ExchangeSnapshot Of(Exchange exchange, double now) => new()
    {
        Name = exchange.Name,
        Type = exchange.Type,
        IsDurable = exchange.Durable,
        IsAutoDelete = exchange.AutoDelete,
        IsInternal = exchange.Internal,
        Arguments = exchange.Arguments.Plain,
        Bindings = exchange.Bindings.Count,
        Published = exchange.Entered,
        PublishedPerSecond = RatesOf(exchange).Rates(now, exchange.Entered).First,
    };

    private static BindingSnapshot Of(Binding binding) =>
        new(binding.Source.Name, binding.Destination.Name, binding.Destination.Kind == DestinationKind.Queue, binding.RoutingKey, binding.Arguments.Plain);

    private QueueSnapshot Of(Queue queue, VirtualHost host, double now)
    {
        var (published, delivered, acked) = RatesOf(queue).Rates(now, queue.Published, queue.Delivered, queue.Acked);
        return new()
        {
            Name = queue.Name,
            Type = queue.Arguments.IsQuorum ? "quorum" : "classic",
            IsDurable = queue.Definition.IsDurable,
            IsExclusive = queue.Definition.IsExclusive,
            IsAutoDelete = queue.Definition.IsAutoDelete,
            Owner = (queue.Owner as AmqpConnection)?.Session.RemoteEndPoint,
            Arguments = queue.Arguments.Declared.Plain,
            State = host.Faults?.Holds(queue.Name) == true ? QueueState.Held : queue.IsFull ? QueueState.Full : QueueState.Running,
            Ready = queue.Ready.Count,
            Unacked = queue.UnackedCount,
            ReadyBytes = queue.Ready.Bytes,
            UnackedBytes = queue.UnackedBytes,
            HeadAge = queue.Ready.Peek() is { } head ? TimeSpan.FromMilliseconds(Math.Max(0, host.Clock.Now - head.Message.EnqueuedAt)) : null,
            Published = queue.Published,
            Delivered = queue.Delivered,
            Acked = queue.Acked,
            Rates = new(published, delivered, acked),
            Consumers = queue.Consumers.Count == 0 ? [] : [.. queue.Consumers.All.OfType<ChannelConsumer>().Select(Of)],
        };
    }

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

    private ConnectionSnapshot Of(AmqpConnection connection, double now)
    {
        var session = connection.Session;
        var (received, sent) = (connection.Received, connection.Output.Written);
        var (channels, rates) = connection.Host.Read(() => (
            connection.Channels.Select(Of).OrderBy(channel => channel.Number).ToArray(),
            RatesOf(connection).Rates(now, received, sent)));
        return new()
        {
            Client = session.RemoteEndPoint,
            Server = session.Ends.Local,
            OpenedAt = session.OpenedAt,
            Name = session.Client.ConnectionName,
            User = session.User.Name,
            VirtualHost = session.VirtualHost,
            ClientProperties = session.Client.Properties.Plain,
            Heartbeat = session.Limits.Heartbeat,
            FrameMax = session.FrameMax,
            IsEncrypted = session.Ends.IsEncrypted,
            IsBlocked = connection.IsBlocked,
            ReceivedBytes = received,
            SentBytes = sent,
            ReceivedBytesPerSecond = rates.First,
            SentBytesPerSecond = rates.Second,
            Channels = channels,
        };
    }

    private static ChannelSnapshot Of(AmqpChannel channel) => new()
    {
        Number = channel.Number,
        Consumers = channel.ConsumerCount,
        Unacked = channel.UnackedCount,
        Unconfirmed = channel.Confirms?.Count ?? 0,
        Prefetch = channel.Prefetch,
        GlobalPrefetch = channel.GlobalPrefetch,
        IsConfirming = channel.IsConfirming,
        IsTransactional = channel.IsTransactional,
    };

    private RateWindow RatesOf(object of) => _rates.GetValue(of, static _ => new());
}
