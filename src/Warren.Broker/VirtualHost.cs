using Microsoft.Extensions.Logging;
using Warren.Broker.Connections;
using Warren.Broker.Diagnostics;
using Warren.Broker.Queues;
using Warren.Broker.Routing;
using Warren.Broker.Storage;

namespace Warren.Broker;

/// <summary>A virtual host: its exchanges, queues and bindings, and the one lock all of them are changed under.</summary>
/// <remarks>
/// <para>
/// Nothing under the lock waits: it works on memory and appends to the log's buffer. Whoever needs the disk or the network to
/// have finished keeps the log position and waits outside. So a command is one turn of the lock, and what it causes (a
/// delivery, an expiry, a dead letter) is done within the same turn.
/// </para>
/// <para>Topology is in <c>VirtualHost.Topology.cs</c>, the way of a message in <c>VirtualHost.Messages.cs</c>.</para>
/// </remarks>
internal sealed partial class VirtualHost : ICommitListener
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Exchange> _exchanges = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Queue> _queues = new(StringComparer.Ordinal);
    // The exclusive queues by their connection.
    private readonly Dictionary<object, HashSet<Queue>> _owned = new(ReferenceEqualityComparer.Instance);
    private readonly Engine _engine;
    private readonly ILogger _logger;
    private FlushList? _flushes;
    private volatile bool _isStopped;
    private bool _isDeleted;

    public VirtualHost(string name, Engine engine)
    {
        Name = name;
        _engine = engine;
        _logger = engine.LoggerFor<VirtualHost>();
        _router = new(name => _exchanges.GetValueOrDefault(name));
        foreach (var exchange in ExchangeRules.Predeclared(name => _queues.GetValueOrDefault(name)))
            _exchanges.Add(exchange.Name, exchange);
    }

    /// <summary>Its name; <c>/</c> is the one that always exists.</summary>
    public string Name { get; }

    /// <summary>The broker's time.</summary>
    public BrokerClock Clock => _engine.Clock;

    /// <summary>The log; null when nothing is kept.</summary>
    public MessageStore? Store => _engine.Store;

    /// <summary>Where the contents of waiting messages are.</summary>
    public BodyMemory Memory => _engine.Memory;

    /// <summary>True once its queues were stopped: nothing happens by itself any more.</summary>
    public bool IsStopped => _isStopped;

    /// <summary>Its exchanges; under the lock.</summary>
    public IReadOnlyCollection<Exchange> Exchanges => _exchanges.Values;

    /// <summary>Its queues; under the lock.</summary>
    public IReadOnlyCollection<Queue> Queues => _queues.Values;

    /// <summary>How many messages it has seen.</summary>
    public MessageCounts Counts { get; } = new();

    /// <summary>The waiting callers of direct reply-to.</summary>
    public DirectReplies DirectReplies { get; } = new();

    /// <summary>Takes the lock until the turn is disposed; what is written to connections meanwhile is to be flushed by the caller, afterwards.</summary>
    public Turn Enter(FlushList flushes)
    {
        _lock.Enter();
        _flushes = flushes;
        return new(this);
    }

    /// <summary>
    /// Takes a turn of its own for a timer or another callback that nobody waits for, unless the virtual host has stopped. What fails
    /// there is logged and harms nothing else: thrown on, it would end the process.
    /// </summary>
    public void RunAlone(Action action)
    {
        try
        {
            Run(() =>
            {
                if (!_isStopped)
                    action();
            });
        }
        catch (Exception error)
        {
            // The virtual host goes on with what comes next.
            Log.Failed(_logger, Name, error);
        }
    }

    /// <summary>Takes a turn of its own, and flushes.</summary>
    public void Run(Action action)
    {
        var flushes = new FlushList();
        try
        {
            using (Enter(flushes))
                action();
        }
        finally
        {
            flushes.Flush();
        }
    }

    /// <summary>Takes a turn to read something.</summary>
    public T Read<T>(Func<T> read)
    {
        lock (_lock)
            return read();
    }

    /// <summary>Notes that something was written to a connection within this turn.</summary>
    public void Written(OutputBuffer output) => _flushes!.Add(output);

    /// <summary>Ends the timers of its queues, and notes in the log what was handed out before.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
            _heldTimer?.Dispose();
            foreach (var queue in _queues.Values)
                queue.Stop();
        }
    }

    /// <summary>One hold of a virtual host's lock.</summary>
    public readonly ref struct Turn(VirtualHost host)
    {
        /// <summary>Moves the messages that left their queues, and gives the lock back.</summary>
        public void Dispose()
        {
            try
            {
                host.SettleLeaving();
            }
            finally
            {
                var moves = host._moves;
                host._moves = null;
                host._flushes = null;
                host._lock.Exit();
                if (moves is not null)
                    BrokerTracing.Record(moves, host.Name);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Virtual host '{Name}': work in the background failed")]
        public static partial void Failed(ILogger logger, string name, Exception error);
    }
}
