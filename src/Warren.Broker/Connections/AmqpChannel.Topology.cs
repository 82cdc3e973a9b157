using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Queues;

namespace Warren.Broker.Connections;

/// <content>Exchanges, queues and bindings: checked for permission here, changed by the virtual host.</content>
internal sealed partial class AmqpChannel
{
    private ValueTask DeclareExchange(in ExchangeDeclare method)
    {
        var name = WithoutLineBreaks(method.Exchange);
        DemandNotDefault(name);
        if (method.Passive)
        {
            using (Enter())
                _host.CheckExchange(name);
            return Reply(new ExchangeDeclareOk(), noWait: method.NoWait);
        }

        _authority.DemandConfigure("exchange", name);
        if (TextArgument(method.Arguments, "alternate-exchange", "exchange", name) is { } alternate)
        {
            _authority.DemandRead("exchange", name);
            _authority.DemandWrite("exchange", alternate);
        }

        long lsn;
        using (Enter())
            lsn = _host.DeclareExchange(method with { Exchange = name });
        return Reply(new ExchangeDeclareOk(), lsn, method.NoWait);
    }

    private ValueTask DeleteExchange(in ExchangeDelete method)
    {
        DemandNotDefault(method.Exchange);
        _authority.DemandConfigure("exchange", method.Exchange);
        long lsn;
        using (Enter())
            lsn = _host.DeleteExchange(method.Exchange, method.IfUnused);
        return Reply(new ExchangeDeleteOk(), lsn, method.NoWait);
    }

    private ValueTask BindExchange(in ExchangeBind method)
    {
        DemandNotDefault(method.Destination);
        _authority.DemandWrite("exchange", method.Destination);
        DemandNotDefault(method.Source);
        _authority.DemandRead("exchange", method.Source);
        long lsn;
        using (Enter())
            lsn = _host.BindExchange(method);
        return Reply(new ExchangeBindOk(), lsn, method.NoWait);
    }

    private ValueTask UnbindExchange(in ExchangeUnbind method)
    {
        DemandNotDefault(method.Destination);
        _authority.DemandWrite("exchange", method.Destination);
        DemandNotDefault(method.Source);
        _authority.DemandRead("exchange", method.Source);
        long lsn;
        using (Enter())
            lsn = _host.UnbindExchange(method);
        return Reply(new ExchangeUnbindOk(), lsn, method.NoWait);
    }

    private ValueTask DeclareQueue(in QueueDeclare method)
    {
        var name = WithoutLineBreaks(method.Queue);
        if (DirectReplies.IsReplyName(name))
        {
            using (Enter())
            {
                if (name != DirectReplies.QueueName && _host.DirectReplies.Find(name) is null)
                    throw _host.NoQueue(name);
                return Reply(new QueueDeclareOk(name, 0, 1), noWait: method.NoWait);
            }
        }

        if (method.Passive)
        {
            using (Enter())
            {
                var existing = _host.FindQueue(name, _connection);
                existing.Touch();
                _lastQueue = name;
                return Reply(new QueueDeclareOk(name, (uint)existing.Ready.Count, (uint)existing.Consumers.Count), noWait: method.NoWait);
            }
        }

        if (name.Length == 0)
        {
            QueueArgumentRules.CheckServerNamed(method.Arguments);
            name = $"amq.gen-{NewTag()["amq.ctag-".Length..]}";
        }
        else if (name.StartsWith("amq.", StringComparison.Ordinal))
        {
            throw AmqpException.Channel(ReplyCode.AccessRefused, $"queue name '{name}' contains reserved prefix 'amq.*'");
        }

        _authority.DemandConfigure("queue", name);
        if (TextArgument(method.Arguments, "x-dead-letter-exchange", "queue", name) is { } deadLetters)
        {
            _authority.DemandRead("queue", name);
            _authority.DemandWrite("exchange", deadLetters);
        }

        long lsn;
        QueueDeclareOk answer;
        using (Enter())
        {
            (var queue, lsn) = _host.DeclareQueue(method with { Queue = name }, _connection);
            _lastQueue = name;
            answer = new QueueDeclareOk(name, (uint)queue.Ready.Count, (uint)queue.Consumers.Count);
        }

        return Reply(answer, lsn, method.NoWait);
    }

    private ValueTask BindQueue(in QueueBind method)
    {
        var name = QueueName(method.Queue);
        var key = BindingKey(method.Queue, method.RoutingKey, name);
        _authority.DemandWrite("queue", name);
        DemandNotDefault(method.Exchange);
        _authority.DemandRead("exchange", method.Exchange);
        long lsn;
        using (Enter())
            lsn = _host.BindQueue(method with { Queue = name, RoutingKey = key }, _connection);
        return Reply(new QueueBindOk(), lsn, method.NoWait);
    }

    private ValueTask UnbindQueue(in QueueUnbind method)
    {
        var name = QueueName(method.Queue);
        var key = BindingKey(method.Queue, method.RoutingKey, name);
        _authority.DemandWrite("queue", name);
        DemandNotDefault(method.Exchange);
        _authority.DemandRead("exchange", method.Exchange);
        long lsn;
        using (Enter())
            lsn = _host.UnbindQueue(method with { Queue = name, RoutingKey = key }, _connection);
        return Reply(new QueueUnbindOk(), lsn);
    }

    private ValueTask PurgeQueue(in QueuePurge method)
    {
        var name = QueueName(method.Queue);
        _authority.DemandRead("queue", name);
        int count;
        using (Enter())
            count = _host.FindQueue(name, _connection).Purge();
        return Reply(new QueuePurgeOk((uint)count), _host.AppendedLsn, method.NoWait);
    }

    private ValueTask DeleteQueue(in QueueDelete method)
    {
        var name = QueueName(method.Queue);
        _authority.DemandConfigure("queue", name);
        int count;
        long lsn;
        using (Enter())
            (count, lsn) = _host.DeleteQueue(name, method.IfUnused, method.IfEmpty, _connection);
        return Reply(new QueueDeleteOk((uint)count), lsn, method.NoWait);
    }

    private string? TextArgument(FieldTable arguments, string argument, string resource, string name)
    {
        if (!arguments.TryGetValue(argument, out var value))
            return null;
        return value.TryGetText(out var text)
            ? text
            : throw AmqpException.Channel(
                ReplyCode.PreconditionFailed, $"invalid type '{ErlangTerm.NameOf(value.Type)}' for arg '{argument}' in {resource} '{name}' in vhost '{_host.Name}'");
    }

    // With neither a queue nor a key, the key is the queue's name (AMQP 0-9-1 §1.7.2.3 of the reference).
    private static string BindingKey(string queue, string key, string name) => queue.Length == 0 && key.Length == 0 ? name : key;

    private static void DemandNotDefault(string exchange)
    {
        if (exchange.Length == 0)
            throw AmqpException.Channel(ReplyCode.AccessRefused, "operation not permitted on the default exchange");
    }

    // RabbitMQ takes line breaks out of the names of what is declared.
    private static string WithoutLineBreaks(string name) => name.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);
}
