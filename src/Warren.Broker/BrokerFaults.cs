using Warren.Broker.Connections;
using Warren.Broker.Protocol;

namespace Warren.Broker;

/// <summary>The fault switch: makes the broker do to its clients, now, what goes wrong once a year. For tests.</summary>
public sealed class BrokerFaults
{
    private readonly Engine _engine;

    internal BrokerFaults(Engine engine) => _engine = engine;

    /// <summary>Cuts connections without a word, as a broken network does; all, or those of one virtual host. Returns how many.</summary>
    public int DropConnections(string? virtualHost = null) => ForEach(virtualHost, connection => connection.Abort());

    /// <summary>Closes connections as an operator does, with <c>connection.close</c> 320 and a reason; all, or those of one virtual host. Returns how many.</summary>
    public int CloseConnections(string? virtualHost = null, string reason = "shutdown") =>
        ForEach(virtualHost, connection => connection.CloseBecause(ReplyCode.ConnectionForced, $"{AmqpException.NameOf(ReplyCode.ConnectionForced)} - {reason}"));

    /// <summary>
    /// Closes every open channel with <c>channel.close</c> 406, as RabbitMQ does to a consumer that does not ack in time; of all
    /// connections, or those of one virtual host; all, or those with consumers. Returns how many.
    /// </summary>
    public int CloseChannels(
        string? virtualHost = null, string reason = "delivery acknowledgement on channel timed out", bool consumingOnly = false) =>
        Connections(virtualHost).Sum(connection => connection.CloseChannels(reason, consumingOnly));

    /// <summary>Ends the consumers of a queue with <c>basic.cancel</c>, as when the queue fails over. Returns how many.</summary>
    public int CancelConsumers(string queue, string virtualHost = "/") => _engine.FindHost(virtualHost)?.CancelConsumers(queue) ?? 0;

    /// <summary>Raises or clears the memory alarm: publishers are blocked while it stands.</summary>
    public void SetMemoryAlarm(bool raised) => _engine.Alarms.Set("memory", raised);

    private int ForEach(string? virtualHost, Action<AmqpConnection> act)
    {
        var connections = Connections(virtualHost).ToArray();
        Array.ForEach(connections, act);
        return connections.Length;
    }

    private IEnumerable<AmqpConnection> Connections(string? virtualHost) =>
        _engine.Connections.Where(connection => virtualHost is null || connection.Host.Name == virtualHost);
}
