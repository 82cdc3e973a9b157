using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Warren.Broker.Connections;
using Warren.Broker.Diagnostics;
using Warren.Broker.Protocol;
using Warren.Broker.Storage;

namespace Warren.Broker;

/// <summary>
/// An AMQP 0-9-1 broker in this process that clients cannot tell from RabbitMQ: it listens on a port of its own, and any client in any
/// language connects to <see cref="Url"/>.
/// </summary>
public sealed class EmbeddedBroker : IAsyncDisposable
{
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(10);

    private readonly BrokerOptions _options;
    private readonly Engine _engine;
    private readonly AmqpConnectionHandler _handler;
    private readonly AmqpListener _listener;
    private readonly BrokerMeter _meter;
    private readonly SnapshotTaker _snapshots;
    private readonly Lock _gate = new();
    private Task? _stopping;

    private EmbeddedBroker(BrokerOptions options, Engine engine, AmqpConnectionHandler handler, AmqpListener listener)
    {
        _options = options;
        _engine = engine;
        _handler = handler;
        _listener = listener;
        _meter = new(engine, listener.EndPoints[0].Port);
        _snapshots = new(engine);
        Faults = new(engine);
        Url = MakeUrl();
    }

    /// <summary>The fault switch, for tests.</summary>
    public BrokerFaults Faults { get; }

    /// <summary>
    /// The URL of the virtual host <c>/</c> with user and password, as clients take it: the first user of the options at the first
    /// address listened on, with <c>amqps</c> if all of them have TLS.
    /// </summary>
    public string Url { get; }

    /// <summary>Where it listens, with the ports that were chosen; those with TLS come last.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints => _listener.EndPoints;

    /// <summary>The broker behind its listener, for tests that look at what no client sees.</summary>
    internal Engine Engine => _engine;

    /// <summary>Starts a broker and returns when it takes connections. Without options it is on a free port of 127.0.0.1 and keeps nothing.</summary>
    /// <exception cref="BrokerStartException">An option is wrong, an address is in use, or the data directory cannot be used.</exception>
    public static async Task<EmbeddedBroker> StartAsync(BrokerOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        OptionsCheck.Demand(options);
        var engine = Open(options);
        try
        {
            var admission = new Admission(options, engine.Users, name => engine.FindHost(name) is not null);
            var handler = new AmqpConnectionHandler(options, admission, (connection, session) => ServeAsync(connection, session, engine));
            return new(options, engine, handler, await AmqpListener.StartAsync(options, handler, cancellationToken));
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Adds a user while the broker runs, or puts another in the place of the one of this name; open connections keep what they have.</summary>
    /// <exception cref="ArgumentException">The name or password is empty, or a permission is no regular expression.</exception>
    public void AddUser(string name, BrokerUser user)
    {
        if (OptionsCheck.UserProblem(name, user) is { } problem)
            throw new ArgumentException(problem, nameof(user));
        _engine.Users.Set(name, user);
    }

    /// <summary>
    /// Stops in order: no new connections, those that are open are closed with <c>connection.close</c> 320, and what is to be kept
    /// is on disk. A second call does nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the patience with clients that do not answer; what is to be kept is written all the same.</param>
    public Task StopAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
            return _stopping ??= StopOnceAsync(cancellationToken);
    }

    /// <summary>Makes a virtual host, which has the predeclared exchanges and nothing else; one that is there stays as it is.</summary>
    /// <exception cref="ArgumentException">The name is empty or longer than 255 bytes.</exception>
    public Task CreateVirtualHostAsync(string name, CancellationToken cancellationToken = default) =>
        OptionsCheck.IsVirtualHostName(name)
            ? _engine.CreateHostAsync(name, cancellationToken)
            : throw new ArgumentException($"The virtual host is called '{name}'; expected a name of 1 to 255 bytes.", nameof(name));

    /// <summary>Deletes a virtual host with all that is in it; its connections are closed with <c>connection.close</c> 320. False when there is none.</summary>
    public Task<bool> DeleteVirtualHostAsync(string name, CancellationToken cancellationToken = default) =>
        _engine.DeleteHostAsync(name, cancellationToken);

    /// <summary>
    /// Writes down what the broker holds now: virtual hosts, exchanges, bindings, queues with their depths, rates and consumers,
    /// connections, channels, alarms, memory and disk. It is made to be called every second.
    /// </summary>
    public BrokerSnapshot Snapshot() => _snapshots.Take();

    /// <summary>
    /// What happens in the broker from this call on: connections, channels, exchanges, queues and consumers that come and go, alarms.
    /// A reader never holds the broker up: of more than 1,024 unread events the oldest are dropped, and
    /// <see cref="BrokerEvent.EventsDropped"/> stands for them. It ends when the broker has stopped, and is to be enumerated once.
    /// </summary>
    /// <exception cref="OperationCanceledException">While it is enumerated: the token was canceled.</exception>
    /// <example><code>
    /// await foreach (var happened in broker.ReadEventsAsync(stopping))
    /// {
    ///     if (happened is BrokerEvent.ChannelClosed { Reason: var reason })
    ///         Console.WriteLine(reason);
    /// }
    /// </code></example>
    public IAsyncEnumerable<BrokerEvent> ReadEventsAsync(CancellationToken cancellationToken = default) => _engine.Events.Read(cancellationToken);

    /// <summary>Stops, with ten seconds' patience for clients that do not answer.</summary>
    public async ValueTask DisposeAsync()
    {
        // Of the clients' patience, not of the broker's clock, which a test may have stopped.
        using var patience = new CancellationTokenSource(LongestStop, TimeProvider.System);
        await StopAsync(patience.Token);
        await _listener.DisposeAsync();
        _handler.Dispose();
    }

    private static async Task ServeAsync(ConnectionContext transport, Session session, Engine engine)
    {
        if (engine.FindHost(session.VirtualHost) is not { } host)
        {
            // It was deleted since the client was let in.
            transport.Abort(new ConnectionAbortedException($"The virtual host '{session.VirtualHost}' is deleted."));
            return;
        }

        var connection = new AmqpConnection(transport, session, host, engine);
        // When the broker stops Kestrel says so to each connection.
        using var stopping = transport.Features.Get<IConnectionLifetimeNotificationFeature>()!.ConnectionClosedRequested.Register(
            () => connection.CloseBecause(
                ReplyCode.ConnectionForced,
                $"{AmqpException.NameOf(ReplyCode.ConnectionForced)} - broker forced connection closure with reason 'shutdown'"));
        await connection.RunAsync();
    }

    private async Task StopOnceAsync(CancellationToken cancellationToken)
    {
        await _listener.StopAsync(cancellationToken);
        _meter.Dispose();
        await _engine.DisposeAsync();
        _engine.Events.End();
    }

    private static Engine Open(BrokerOptions options)
    {
        try
        {
            return Engine.Open(options);
        }
        catch (StorageException error)
        {
            throw new BrokerStartException(BrokerStartFailure.DataUnusable, error.Message, error);
        }
    }

    private string MakeUrl()
    {
        var endPoint = ListenAddress.Reachable(EndPoints[0]);
        var login = _options.Users.FirstOrDefault() is { Key: { } name, Value: { } user }
            ? $"{Uri.EscapeDataString(name)}:{Uri.EscapeDataString(user.Password)}@"
            : "";
        return $"{(_options.Listen.Count > 0 ? "amqp" : "amqps")}://{login}{endPoint}/";
    }
}
