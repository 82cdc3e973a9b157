using System.Security.Cryptography;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Queues;

namespace Warren.Broker.Connections;

/// <content>Consumers, what they are sent, and <c>basic.get</c>.</content>
internal sealed partial class AmqpChannel
{
    private readonly Dictionary<string, ChannelConsumer> _consumers = new(StringComparer.Ordinal);
    private int _prefetch;
    private string? _replyName;
    private string _replyTag = "";

    /// <summary>How many messages its consumers have taken and not settled.</summary>
    public int Held { get; set; }

    /// <summary>True while messages may be sent on it.</summary>
    public bool CanDeliver => !IsClosing && !_output.IsCongested;

    /// <summary>True while the limits of the whole channel, the client's and the broker's, allow another message.</summary>
    public bool HasCredit => (GlobalPrefetch == 0 || Held < GlobalPrefetch) && Held < _mostHeld;

    /// <summary>Sends a message to a consumer of this channel. In a turn.</summary>
    public void Deliver(ChannelConsumer consumer, QueuedMessage entry)
    {
        var tag = consumer.NoAck ? _unacked.Skip() : _unacked.Add(entry);
        _output.WriteDelivery(Number, consumer.Tag, tag, entry.IsRedelivered, entry.Message, PropertiesOf(entry));
        _host.Written(_output);
    }

    /// <summary>Sends a reply to a request this channel made without a queue. In a turn.</summary>
    public void DeliverReply(Message reply)
    {
        // Replies do not wait in a queue while their reader is slow; of one that reads nothing at all they would fill the memory.
        if (_output.Waiting > _connection.Engine.Options.MaxMessageSize)
            return;
        _host.Counts.Delivered++;
        _host.Counts.Acked++;
        _output.WriteDelivery(Number, _replyTag, _unacked.Skip(), redelivered: false, reply, reply.Properties);
        _host.Written(_output);
    }

    /// <summary>The queue of a consumer is gone: the client hears of it, if it said that it understands. In a turn.</summary>
    public void QueueGone(ChannelConsumer consumer)
    {
        _consumers.Remove(consumer.Tag);
        TellCanceled(consumer, isByBroker: true);
        if (IsClosing || !_connection.Session.UnderstandsCancel)
            return;
        _output.Write(Number, new BasicCancel(consumer.Tag, NoWait: true));
        _host.Written(_output);
    }

    // A quorum queue tells how often a message came back; basic.get even when it never did.
    private static ReadOnlySpan<byte> PropertiesOf(QueuedMessage entry, bool always = false)
    {
        if (!entry.Queue.Arguments.IsQuorum || (entry.DeliveryCount == 0 && !always))
            return entry.Message.Properties;
        var properties = BasicProperties.Decode(entry.Message.Properties);
        properties.Headers = (properties.Headers ?? FieldTable.Empty).With("x-delivery-count", (long)entry.DeliveryCount);
        return properties.Encode();
    }

    private ValueTask Consume(in BasicConsume method)
    {
        var name = QueueName(method.Queue);
        var tag = method.ConsumerTag.Length > 0 ? method.ConsumerTag : NewTag();
        if (name == DirectReplies.QueueName)
            return ConsumeReplies(method, tag);
        _authority.DemandRead("queue", name);
        using (Enter())
        {
            // It may be closed from outside while this waits for its turn.
            if (IsClosing)
                return ValueTask.CompletedTask;
            if (_consumers.ContainsKey(tag) || (_replyName is not null && _replyTag == tag))
                throw AmqpException.Connection(ReplyCode.NotAllowed, $"attempt to reuse consumer tag '{tag}'");
            var queue = _host.FindQueue(name, _connection);
            QueueArgumentRules.CheckConsumer(method.Arguments, _host.Describe(queue));
            var priority = method.Arguments.TryGetInteger("x-priority", out var given) ? (int)Math.Clamp(given, int.MinValue, int.MaxValue) : 0;
            if (queue.Arguments.IsQuorum && GlobalPrefetch > 0)
                throw AmqpException.Connection(ReplyCode.NotImplemented, $"{_host.Describe(queue)} does not support global qos");
            if (IsInUse(queue, method.Exclusive))
                throw AmqpException.Channel(ReplyCode.AccessRefused, $"{_host.Describe(queue)} in exclusive use");

            // The answer is written first: deliveries follow it.
            if (!method.NoWait)
                _output.Write(Number, new BasicConsumeOk(tag));
            _connection.Written();
            var consumer = new ChannelConsumer(this, queue, tag, priority, method.Exclusive, method.NoAck, _prefetch);
            _consumers.Add(tag, consumer);
            _connection.Engine.Events.Listening?.Tell(
                new BrokerEvent.ConsumerStarted(_host.Name, name, tag, _connection.Session.RemoteEndPoint, Number));
            queue.Consume(consumer);
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask ConsumeReplies(in BasicConsume method, string tag)
    {
        if (!method.NoAck)
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, "reply consumer cannot acknowledge");
        if (_replyName is not null)
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, "reply consumer already set");
        _replyTag = tag;
        using (Enter())
            _replyName = IsClosing ? null : _host.DirectReplies.Add(this);
        return Reply(new BasicConsumeOk(tag), noWait: method.NoWait);
    }

    private ValueTask Cancel(in BasicCancel method)
    {
        var lsn = 0L;
        using (Enter())
        {
            if (_replyName is not null && _replyTag == method.ConsumerTag)
            {
                _host.DirectReplies.Remove(_replyName);
                _replyName = null;
            }
            else if (_consumers.Remove(method.ConsumerTag, out var consumer))
            {
                lsn = End(consumer);
            }
        }

        return Reply(new BasicCancelOk(method.ConsumerTag), lsn, method.NoWait);
    }

    // The client wants no more, or its channel is over.
    private long End(ChannelConsumer consumer)
    {
        var isLast = consumer.Queue.Cancel(consumer);
        TellCanceled(consumer, isByBroker: false);
        return isLast ? _host.DeleteQueue(consumer.Queue) : 0;
    }

    private void TellCanceled(ChannelConsumer consumer, bool isByBroker) => _connection.Engine.Events.Listening?.Tell(
        new BrokerEvent.ConsumerCanceled(_host.Name, consumer.Queue.Name, consumer.Tag, _connection.Session.RemoteEndPoint, Number, isByBroker));

    private ValueTask Get(in BasicGet method)
    {
        var name = QueueName(method.Queue);
        _authority.DemandRead("queue", name);
        BasicGetOk answer;
        Message content;
        long lsn;
        using (Enter())
        {
            if (IsClosing)
                return ValueTask.CompletedTask;
            var queue = _host.FindQueue(name, _connection);
            if (queue.Arguments is { IsQuorum: true, SingleActiveConsumer: true })
            {
                throw AmqpException.Channel(
                    ReplyCode.ResourceLocked,
                    $"cannot obtain access to locked {_host.Describe(queue)}. basic.get operations are not supported by quorum queues with single active consumer");
            }

            if (queue.Get() is not { } entry)
                return Reply(new BasicGetEmpty());

            lsn = queue.Arguments.IsQuorum && !method.NoAck ? _host.KeepDelivered(entry, entry.DeliveryCount + 1) : 0;
            var tag = method.NoAck ? _unacked.Skip() : _unacked.Add(entry);
            answer = new BasicGetOk(tag, entry.IsRedelivered, entry.Message.Exchange, entry.Message.RoutingKey, (uint)queue.Ready.Count);
            if (method.NoAck)
                lsn = Math.Max(lsn, _host.Settle(entry));
            _lastLsn = Math.Max(_lastLsn, lsn);
            content = entry.Message.WithProperties(PropertiesOf(entry, always: true)).Detached();
            if (!method.NoAck)
                queue.Sent(entry);
        }

        if (!_connection.IsDurable(lsn))
            return AnswerGetLaterAsync(answer, content, lsn);
        _output.Write(Number, answer, content);
        _connection.Written();
        return ValueTask.CompletedTask;
    }

    private async ValueTask AnswerGetLaterAsync(BasicGetOk answer, Message content, long lsn)
    {
        await _connection.WhenDurableAsync(lsn);
        _output.Write(Number, answer, content);
        _connection.Written();
    }

    private ValueTask Qos(in BasicQos method)
    {
        if (method.PrefetchSize > 0)
            throw AmqpException.Connection(ReplyCode.NotImplemented, $"prefetch_size!=0 ({method.PrefetchSize})");
        if (!method.Global)
        {
            _prefetch = method.PrefetchCount;
            return Reply(new BasicQosOk());
        }

        using (Enter())
        {
            if (method.PrefetchCount > 0 && _consumers.Values.FirstOrDefault(consumer => consumer.Queue.Arguments.IsQuorum) is { } quorum)
                throw AmqpException.Connection(ReplyCode.NotImplemented, $"{_host.Describe(quorum.Queue)} does not support global qos");
            GlobalPrefetch = method.PrefetchCount;
            _output.Write(Number, new BasicQosOk());
            _connection.Written();
            Resume();
        }

        return ValueTask.CompletedTask;
    }

    // A single active consumer is exclusive already, and quorum queues do not know exclusive consumers.
    private static bool IsInUse(Queue queue, bool exclusive)
    {
        if (queue.Arguments.IsQuorum)
            return false;
        if (queue.Arguments.SingleActiveConsumer)
            return exclusive;
        return queue.Consumers.IsExclusive || (exclusive && queue.Consumers.Count > 0);
    }

    private static string NewTag() => $"amq.ctag-{Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)).TrimEnd('=').Replace('+', '-').Replace('/', '_')}";
}
