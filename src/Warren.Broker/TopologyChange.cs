using Warren.Broker.Queues;
using Warren.Broker.Routing;
using Warren.Broker.Storage;

namespace Warren.Broker;

/// <summary>A change of exchanges, queues and bindings, as one record of the log: after a crash all of it was done or nothing.</summary>
internal readonly ref struct TopologyChange(string host, MessageStore? store)
{
    private readonly bool _isKept = store is not null;
    private readonly RecordWriter _record = store is null ? default : store.Begin();

    /// <summary>Keeps an exchange.</summary>
    public void Keep(Exchange exchange)
    {
        if (_isKept)
            _record.PutDefinition(Definitions.KeyOf(host, exchange), Definitions.ValueOf(exchange));
    }

    /// <summary>Keeps a queue.</summary>
    public void Keep(QueueDefinition queue)
    {
        if (_isKept)
            _record.PutDefinition(Definitions.KeyOf(host, queue), Definitions.ValueOf(queue));
    }

    /// <summary>Keeps a binding.</summary>
    public void Keep(Binding binding)
    {
        if (_isKept)
            _record.PutDefinition(Definitions.KeyOf(host, binding), []);
    }

    /// <summary>Forgets an exchange.</summary>
    public void Remove(Exchange exchange)
    {
        if (_isKept)
            _record.RemoveDefinition(Definitions.KeyOf(host, exchange));
    }

    /// <summary>Forgets a queue and the messages it keeps.</summary>
    public void Remove(QueueDefinition queue)
    {
        if (!_isKept)
            return;
        _record.RemoveDefinition(Definitions.KeyOf(host, queue));
        _record.DropQueue(queue.Id);
    }

    /// <summary>Forgets a binding.</summary>
    public void Remove(Binding binding)
    {
        if (_isKept)
            _record.RemoveDefinition(Definitions.KeyOf(host, binding));
    }

    /// <summary>Forgets the virtual host itself.</summary>
    public void RemoveHost()
    {
        if (_isKept)
            _record.RemoveDefinition(Definitions.KeyOfHost(host));
    }

    /// <summary>Takes a message out of a queue that is deleted.</summary>
    public void Release(StoredMessage message, long queueId)
    {
        if (_isKept)
            _record.Release(message, queueId);
    }

    /// <summary>Writes the record; returns its log position, 0 when nothing is kept.</summary>
    public long Commit() => _isKept ? _record.Commit(urgent: true) : 0;

    /// <summary>Gives the log back.</summary>
    public void Dispose()
    {
        if (_isKept)
            _record.Dispose();
    }
}
