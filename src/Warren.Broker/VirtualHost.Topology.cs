using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Queues;
using Warren.Broker.Routing;

namespace Warren.Broker;

/// <content>Exchanges, queues and bindings: declared, compared, deleted. All under the lock; texts are RabbitMQ's.</content>
/// <remarks>What returns a <c>long</c> returns the log position at which the change is durable, 0 when the log need not know.</remarks>
internal sealed partial class VirtualHost
{
    /// <summary>The exchange of a name.</summary>
    /// <exception cref="AmqpException">404.</exception>
    public Exchange FindExchange(string name) =>
        _exchanges.TryGetValue(name, out var exchange)
            ? exchange
            : throw AmqpException.Channel(ReplyCode.NotFound, $"no exchange '{name}' in vhost '{Name}'");

    /// <summary>The queue of a name, if this connection may use it.</summary>
    /// <exception cref="AmqpException">404, or 405 when it is exclusive to another connection.</exception>
    public Queue FindQueue(string name, object? connection)
    {
        if (!_queues.TryGetValue(name, out var queue))
            throw NoQueue(name);
        return queue.Owner is null || queue.Owner == connection ? queue : throw Locked(queue);
    }

    /// <summary>The error for a queue that is not there.</summary>
    public AmqpException NoQueue(string name) => AmqpException.Channel(ReplyCode.NotFound, $"no {DescribeQueue(name)}");

    /// <summary>What the connections of a virtual host that is deleted are told.</summary>
    public string DeletedText => DeletedError.Message;

    private AmqpException DeletedError => AmqpException.Connection(ReplyCode.ConnectionForced, $"vhost '{Name}' is deleted");

    /// <summary>True when there is a queue of this name.</summary>
    public bool HasQueue(string name) => _queues.ContainsKey(name);

    /// <summary>An exchange in RabbitMQ's words.</summary>
    public string Describe(Exchange exchange) => $"exchange '{exchange.Name}' in vhost '{Name}'";

    /// <summary>A queue in RabbitMQ's words.</summary>
    public string Describe(Queue queue) => DescribeQueue(queue.Name);

    /// <summary>Checks that an exchange is there.</summary>
    /// <exception cref="AmqpException">404.</exception>
    public void CheckExchange(string name) => FindExchange(name);

    /// <summary>Declares an exchange, or checks that it is what is asked for.</summary>
    public long DeclareExchange(in ExchangeDeclare method)
    {
        ExchangeRules.CheckType(method.Type);
        if (_exchanges.TryGetValue(method.Exchange, out var existing))
        {
            ExchangeRules.CheckSame(existing, method, Describe(existing));
            return 0;
        }

        DemandNotDeleted();
        if (method.Exchange.StartsWith("amq.", StringComparison.Ordinal))
            throw AmqpException.Channel(ReplyCode.AccessRefused, $"exchange name '{method.Exchange}' contains reserved prefix 'amq.*'");
        var exchange = Exchange.Create(method.Type, new(method.Exchange, method.Durable, method.AutoDelete, method.Internal, method.Arguments))!;
        _exchanges.Add(exchange.Name, exchange);
        _engine.Events.Listening?.Tell(new BrokerEvent.ExchangeDeclared(Name, exchange.Name, exchange.Type));
        if (!exchange.Durable)
            return 0;
        using var change = new TopologyChange(Name, Store);
        change.Keep(exchange);
        return change.Commit();
    }

    /// <summary>Deletes an exchange with its bindings; one that is not there is no error.</summary>
    public long DeleteExchange(string name, bool ifUnused)
    {
        if (name.StartsWith("amq.", StringComparison.Ordinal) && _exchanges.ContainsKey(name))
            throw AmqpException.Channel(ReplyCode.AccessRefused, $"deletion of system exchange '{name}' in vhost '{Name}' not allowed");
        if (!_exchanges.TryGetValue(name, out var exchange))
            return 0;
        if (ifUnused && exchange.HasBindings)
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, $"{Describe(exchange)} in use");
        using var change = new TopologyChange(Name, Store);
        Delete(exchange, change);
        return change.Commit();
    }

    /// <summary>Declares a queue, or checks that it is what is asked for; the connection owns it where it is exclusive.</summary>
    public (Queue Queue, long Lsn) DeclareQueue(in QueueDeclare method, object connection)
    {
        var described = DescribeQueue(method.Queue);
        var owner = method.Exclusive ? connection : null;
        if (_queues.TryGetValue(method.Queue, out var existing))
        {
            if (existing.Owner != owner)
                throw Locked(existing);
            Equivalence.Demand(existing.Definition.IsDurable, method.Durable, "durable", described);
            Equivalence.Demand(existing.Definition.IsAutoDelete, method.AutoDelete, "auto_delete", described);
            QueueArgumentRules.CheckSame(existing.Arguments.Declared, method.Arguments, described);
            existing.Touch();
            return (existing, 0);
        }

        DemandNotDeleted();
        QueueArgumentRules.Check(method, described);
        var definition = new QueueDefinition(
            method.Queue, _engine.NextQueueId(), method.Durable, method.Exclusive, method.AutoDelete, new(method.Arguments));
        var queue = new Queue(this, definition, owner);
        _queues.Add(queue.Name, queue);
        if (owner is not null)
            Own(owner, queue);
        queue.Start();
        _engine.Events.Listening?.Tell(new BrokerEvent.QueueDeclared(Name, queue.Name));
        if (!queue.IsKept)
            return (queue, 0);
        using var change = new TopologyChange(Name, Store);
        change.Keep(definition);
        return (queue, change.Commit());
    }

    /// <summary>Deletes a queue with what waits in it and says how many messages that were; one that is not there is no error.</summary>
    public (int Count, long Lsn) DeleteQueue(string name, bool ifUnused, bool ifEmpty, object connection)
    {
        if (!_queues.ContainsKey(name))
            return (0, 0);
        var queue = FindQueue(name, connection);
        if (queue.Arguments.IsQuorum && (ifUnused || ifEmpty))
        {
            throw AmqpException.Connection(
                ReplyCode.NotImplemented,
                $"cannot delete {Describe(queue)}. queue.delete operations with if-{(ifUnused ? "unused" : "empty")} flag set are not supported by quorum queues");
        }

        if (ifEmpty && queue.Ready.Count > 0)
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, $"{Describe(queue)} not empty");
        if (ifUnused && queue.Consumers.Count > 0)
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, $"{Describe(queue)} in use");
        var count = queue.Ready.Count;
        return (count, DeleteQueue(queue));
    }

    /// <summary>Deletes a queue with what waits in it.</summary>
    public long DeleteQueue(Queue queue)
    {
        if (queue.IsDeleted)
            return 0;
        using var change = new TopologyChange(Name, Store);
        _queues.Remove(queue.Name);
        if (queue.Owner is { } owner)
            Disown(owner, queue);
        _committing.Remove(queue);
        _holding.Remove(queue);
        foreach (var binding in queue.Incoming.ToArray())
            Unbind(binding, change);
        queue.Delete(change);
        _engine.Events.Listening?.Tell(new BrokerEvent.QueueDeleted(Name, queue.Name));
        return change.Commit();
    }

    /// <summary>Deletes all that is in the virtual host, and the virtual host from the log.</summary>
    public long DeleteAll()
    {
        _isDeleted = true;
        foreach (var queue in _queues.Values.ToArray())
            DeleteQueue(queue);
        using var change = new TopologyChange(Name, Store);
        foreach (var exchange in _exchanges.Values.ToArray())
            Delete(exchange, change);
        change.RemoveHost();
        return change.Commit();
    }

    /// <summary>Deletes the exclusive queues of a connection that ends.</summary>
    public void DeleteOwned(object connection)
    {
        if (!_owned.TryGetValue(connection, out var queues))
            return;
        foreach (var queue in queues.ToArray())
            DeleteQueue(queue);
    }

    /// <summary>Ends the consumers of a queue, which stays; returns how many there were.</summary>
    public int CancelConsumers(string name)
    {
        var count = 0;
        Run(() =>
        {
            if (!_queues.TryGetValue(name, out var queue))
                return;
            foreach (var consumer in queue.Consumers.All.ToArray())
            {
                queue.Cancel(consumer);
                consumer.QueueGone();
                count++;
            }
        });
        return count;
    }

    /// <summary>Binds a queue; the same binding twice is one.</summary>
    public long BindQueue(in QueueBind method, object connection) =>
        Bind(FindExchange(method.Exchange), FindQueue(method.Queue, connection), method.RoutingKey, method.Arguments);

    /// <summary>Takes a binding of a queue away; one that is not there is no error.</summary>
    public long UnbindQueue(in QueueUnbind method, object connection) =>
        _exchanges.TryGetValue(method.Exchange, out var source) && _queues.ContainsKey(method.Queue)
            ? Unbind(source, FindQueue(method.Queue, connection), method.RoutingKey, method.Arguments)
            : 0;

    /// <summary>Binds an exchange to another.</summary>
    public long BindExchange(in ExchangeBind method) =>
        Bind(FindExchange(method.Source), FindExchange(method.Destination), method.RoutingKey, method.Arguments);

    /// <summary>Takes a binding between exchanges away.</summary>
    public long UnbindExchange(in ExchangeUnbind method) =>
        _exchanges.TryGetValue(method.Source, out var source) && _exchanges.TryGetValue(method.Destination, out var destination)
            ? Unbind(source, destination, method.RoutingKey, method.Arguments)
            : 0;

    /// <summary>Puts back an exchange the log has.</summary>
    public void Recover(Exchange exchange) => _exchanges[exchange.Name] = exchange;

    /// <summary>Puts back a queue the log has.</summary>
    public Queue Recover(QueueDefinition definition)
    {
        var queue = new Queue(this, definition, owner: null);
        _queues[queue.Name] = queue;
        return queue;
    }

    /// <summary>Puts back a binding the log has; false when one of its ends is not there.</summary>
    public bool Recover(BindingDefinition definition)
    {
        IBindingDestination? destination = definition.IsToQueue
            ? _queues.GetValueOrDefault(definition.Destination)
            : _exchanges.GetValueOrDefault(definition.Destination);
        if (destination is null || !_exchanges.TryGetValue(definition.Source, out var source))
            return false;
        return source.Bind(new(source, destination, definition.RoutingKey, definition.Arguments));
    }

    // A command may have been read before its connection was told to close; what it declared would be in the log, and be there after a restart.
    private void DemandNotDeleted()
    {
        if (_isDeleted)
            throw DeletedError;
    }

    private void Own(object connection, Queue queue)
    {
        if (!_owned.TryGetValue(connection, out var queues))
            _owned.Add(connection, queues = []);
        queues.Add(queue);
    }

    private void Disown(object connection, Queue queue)
    {
        if (_owned.TryGetValue(connection, out var queues) && queues.Remove(queue) && queues.Count == 0)
            _owned.Remove(connection);
    }

    private long Bind(Exchange source, IBindingDestination destination, string key, FieldTable arguments)
    {
        var binding = new Binding(source, destination, key, arguments);
        if (!source.Bind(binding))
            return 0;
        using var change = new TopologyChange(Name, Store);
        if (IsKept(binding))
            change.Keep(binding);
        return change.Commit();
    }

    private long Unbind(Exchange source, IBindingDestination destination, string key, FieldTable arguments)
    {
        using var change = new TopologyChange(Name, Store);
        Unbind(new(source, destination, key, arguments), change);
        return change.Commit();
    }

    private void Unbind(Binding binding, in TopologyChange change)
    {
        if (Remove(binding, change))
            Delete(binding.Source, change);
    }

    // True when the exchange the binding is from goes with it.
    private static bool Remove(Binding binding, in TopologyChange change)
    {
        if (!binding.Source.Unbind(binding))
            return false;
        if (IsKept(binding))
            change.Remove(binding);
        return binding.Source is { AutoDelete: true, HasBindings: false };
    }

    // With those that go with their last binding, one after the other: clients can make a chain longer than any stack.
    private void Delete(Exchange exchange, in TopologyChange change)
    {
        var ending = new Queue<Exchange>([exchange]);
        while (ending.TryDequeue(out var next))
        {
            if (!_exchanges.Remove(next.Name))
                continue;
            _engine.Events.Listening?.Tell(new BrokerEvent.ExchangeDeleted(Name, next.Name));
            if (next.Durable)
                change.Remove(next);
            foreach (var binding in next.UnbindAll())
            {
                if (IsKept(binding))
                    change.Remove(binding);
            }

            foreach (var binding in next.Incoming.ToArray())
            {
                if (Remove(binding, change))
                    ending.Enqueue(binding.Source);
            }
        }
    }

    private static bool IsKept(Binding binding) =>
        binding.Source.Durable && binding.Destination switch
        {
            Queue queue => queue.IsKept,
            Exchange exchange => exchange.Durable,
            _ => false,
        };

    private AmqpException Locked(Queue queue) => AmqpException.Channel(
        ReplyCode.ResourceLocked,
        $"cannot obtain exclusive access to locked {Describe(queue)}. It could be originally declared on another connection or the " +
        "exclusive property value does not match that of the original declaration.");

    private string DescribeQueue(string name) => $"queue '{name}' in vhost '{Name}'";
}
