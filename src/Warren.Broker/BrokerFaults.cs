using Warren.Broker.Connections;
using Warren.Broker.Protocol;

namespace Warren.Broker;

/// <summary>
/// The fault switch: makes the broker do to its clients, now, what goes wrong once a year. For tests. What happens at once returns how
/// often it did; what lasts returns a handle that takes it back when it is disposed.
/// </summary>
/// <example>
/// A test of what a program does while its broker is in trouble:
/// <code>
/// await using var broker = await EmbeddedBroker.StartAsync();
/// await StartMyProgramAsync(broker.Url);
///
/// broker.Faults.DropConnections();                       // it reconnects
/// using (broker.Faults.NackPublishes(count: 3, exchange: "orders"))
///     await PlaceOrderAsync();                           // it publishes again
/// broker.Faults.DuplicateDeliveries("payments");         // it pays once
/// </code>
/// </example>
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

    /// <summary>
    /// Refuses publishes as a full queue does: they reach no queue, and those in confirm mode get a <c>basic.nack</c>. Publishes within
    /// a transaction are left alone.
    /// </summary>
    /// <param name="count">How many; the default is all until the handle is disposed.</param>
    /// <param name="exchange">Only those to this exchange, empty for the default exchange; the default is any.</param>
    /// <param name="queue">Only those that would reach this queue; the default is any.</param>
    /// <param name="virtualHost">The virtual host. The default is <c>/</c>.</param>
    /// <returns>Takes back what is left of it when it is disposed.</returns>
    /// <exception cref="ArgumentException">There is no such virtual host, or the count is negative.</exception>
    /// <example><code>
    /// using (broker.Faults.NackPublishes(queue: "orders"))
    ///     await Assert.ThrowsAnyAsync&lt;Exception&gt;(() => shop.PlaceOrderAsync());
    /// </code></example>
    public IDisposable NackPublishes(int count = int.MaxValue, string? exchange = null, string? queue = null, string virtualHost = "/")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var host = Host(virtualHost);
        var fault = new NackFault(exchange, queue, count);
        host.ChangeFaults(faults => faults.Add(fault));
        return new StandingFault(() => host.ChangeFaults(faults => faults.Remove(fault)));
    }

    /// <summary>
    /// Holds the deliveries of a queue back: its consumers get nothing, and its messages wait, while all else goes on.
    /// <c>basic.get</c> is answered as ever. The queue may be declared later.
    /// </summary>
    /// <param name="queue">The name of the queue.</param>
    /// <param name="duration">How long, by the broker's clock. The default is until the handle is disposed.</param>
    /// <param name="virtualHost">The virtual host. The default is <c>/</c>.</param>
    /// <returns>Lets the deliveries go when it is disposed.</returns>
    /// <exception cref="ArgumentException">There is no such virtual host.</exception>
    /// <example><code>
    /// using (broker.Faults.HoldDeliveries("replies"))
    ///     await Assert.ThrowsAsync&lt;TimeoutException&gt;(() => client.AskAsync("price?"));
    /// </code></example>
    public IDisposable HoldDeliveries(string queue, TimeSpan? duration = null, string virtualHost = "/")
    {
        var host = Host(virtualHost);
        host.ChangeFaults(faults => faults.Hold(queue));
        return Until(duration, () =>
        {
            host.ChangeFaults(faults => faults.Release(queue));
            host.Resume(queue);
        });
    }

    /// <summary>
    /// Holds publisher confirms back, as a slow disk does: messages are routed and delivered, their publishers hear of it later, in one
    /// go. The nacks of publishes that were refused wait as well, since confirms go out in order.
    /// </summary>
    /// <param name="duration">How long, by the broker's clock. The default is until the handle is disposed.</param>
    /// <param name="virtualHost">The virtual host. The default is <c>/</c>.</param>
    /// <returns>Lets the confirms go when it is disposed.</returns>
    /// <exception cref="ArgumentException">There is no such virtual host.</exception>
    /// <example><code>
    /// using (broker.Faults.HoldConfirms())
    /// {
    ///     var placing = shop.PlaceOrderAsync();
    ///     broker.Faults.DropConnections();   // sent, perhaps stored, and nobody knows
    /// }
    /// </code></example>
    public IDisposable HoldConfirms(TimeSpan? duration = null, string virtualHost = "/")
    {
        var host = Host(virtualHost);
        host.ChangeFaults(faults => faults.HoldConfirms());
        return Until(duration, () =>
        {
            host.ChangeFaults(faults => faults.ReleaseConfirms());
            ForEach(virtualHost, connection => connection.ConfirmWhatIsDue());
        });
    }

    /// <summary>
    /// Sends deliveries of a queue to its consumers twice, as after an ack that was lost: the second is a delivery of its own, flagged as
    /// redelivered, which goes to whichever consumer's turn it is. It comes once: it leaves nothing behind when it is requeued, rejected,
    /// or not acked.
    /// </summary>
    /// <param name="queue">The name of the queue.</param>
    /// <param name="count">How many deliveries. The default is the next one.</param>
    /// <param name="virtualHost">The virtual host. The default is <c>/</c>.</param>
    /// <returns>Takes back what is left of it when it is disposed; it need not be.</returns>
    /// <exception cref="ArgumentException">There is no such virtual host, or the count is negative.</exception>
    /// <example><code>
    /// broker.Faults.DuplicateDeliveries("payments");
    /// await shop.PayAsync(order);
    /// await Eventually(() => bank.Transfers.Count == 1);
    /// </code></example>
    public IDisposable DuplicateDeliveries(string queue, int count = 1, string virtualHost = "/")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var host = Host(virtualHost);
        var fault = new DuplicateFault(queue, count);
        host.ChangeFaults(faults => faults.Add(fault));
        return new StandingFault(() => host.ChangeFaults(faults => faults.Remove(fault)));
    }

    /// <summary>Raises the memory alarm: connections that publish are blocked, and told so, until the handle is disposed.</summary>
    /// <example><code>
    /// using (broker.Faults.RaiseMemoryAlarm())
    ///     Assert.Equal(HealthStatus.Degraded, await shop.HealthAsync());
    /// </code></example>
    public IDisposable RaiseMemoryAlarm() => RaiseAlarm("memory");

    /// <summary>Raises the disk alarm: connections that publish are blocked, and told so, until the handle is disposed. What is stored stays stored.</summary>
    public IDisposable RaiseDiskAlarm() => RaiseAlarm("disk");

    /// <summary>Raises the memory alarm, or clears what this has raised: publishers are blocked while it stands.</summary>
    public void SetMemoryAlarm(bool raised) => _engine.Alarms.Set("memory", raised, this);

    private StandingFault RaiseAlarm(string resource)
    {
        var by = new object();
        _engine.Alarms.Set(resource, raised: true, by);
        return new(() => _engine.Alarms.Set(resource, raised: false, by));
    }

    private StandingFault Until(TimeSpan? duration, Action takeBack)
    {
        var fault = new StandingFault(takeBack);
        if (duration is { } time)
            fault.EndAfter(time, _engine.Clock.Time);
        return fault;
    }

    private VirtualHost Host(string name) =>
        _engine.FindHost(name) ?? throw new ArgumentException($"There is no virtual host '{name}'; there are {string.Join(", ", _engine.Hosts.Select(host => $"'{host.Name}'"))}.", nameof(name));

    private int ForEach(string? virtualHost, Action<AmqpConnection> act)
    {
        var connections = Connections(virtualHost).ToArray();
        Array.ForEach(connections, act);
        return connections.Length;
    }

    private IEnumerable<AmqpConnection> Connections(string? virtualHost) =>
        _engine.Connections.Where(connection => virtualHost is null || connection.Host.Name == virtualHost);
}
