using System.Net;
using Warren.Broker.Connections;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker;

/// <summary>
/// An AMQP 0-9-1 broker in this process that clients cannot tell from RabbitMQ: it listens on a port of its own, and any client in any
/// language connects to <see cref="Url"/>.
/// </summary>
public sealed class EmbeddedBroker : IAsyncDisposable
{
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(10);

    private readonly BrokerOptions _options;
    private readonly Users _users;
    private readonly AmqpConnectionHandler _handler;
    private readonly AmqpListener _listener;

    private EmbeddedBroker(BrokerOptions options, Users users, AmqpConnectionHandler handler, AmqpListener listener)
    {
        _options = options;
        _users = users;
        _handler = handler;
        _listener = listener;
        Url = MakeUrl();
    }

    /// <summary>
    /// The URL of the virtual host <c>/</c> with user and password, as clients take it: the first user of the options at the first
    /// address listened on, with <c>amqps</c> if all of them have TLS.
    /// </summary>
    public string Url { get; }

    /// <summary>Where it listens, with the ports that were chosen; those with TLS come last.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints => _listener.EndPoints;

    /// <summary>Starts a broker and returns when it takes connections. Without options it is on a free port of 127.0.0.1 and keeps nothing.</summary>
    /// <exception cref="BrokerStartException">An option is wrong, an address is in use, or the data directory cannot be used.</exception>
    public static Task<EmbeddedBroker> StartAsync(BrokerOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        return StartAsync(options, name => options.VirtualHosts.Contains(name), ServeNothingAsync, cancellationToken);
    }

    /// <summary>Starts the part of a broker that opens connections, over any engine.</summary>
    internal static async Task<EmbeddedBroker> StartAsync(
        BrokerOptions options, Func<string, bool> hasVirtualHost, SessionServer serve, CancellationToken cancellationToken)
    {
        OptionsCheck.Demand(options);
        var users = new Users(options);
        var handler = new AmqpConnectionHandler(options, new(options, users, hasVirtualHost), serve);
        return new(options, users, handler, await AmqpListener.StartAsync(options, handler, cancellationToken));
    }

    /// <summary>Adds a user while the broker runs, or puts another in the place of the one of this name; open connections keep what they have.</summary>
    /// <exception cref="ArgumentException">The name or password is empty, or a permission is no regular expression.</exception>
    public void AddUser(string name, BrokerUser user)
    {
        if (OptionsCheck.UserProblem(name, user) is { } problem)
            throw new ArgumentException(problem, nameof(user));
        _users.Set(name, user);
    }

    /// <summary>
    /// Stops in order: no new connections, those that are open are closed with <c>connection.close</c> 320, and what is to be kept
    /// is on disk. A second call does nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the patience with clients that do not answer; what is to be kept is written all the same.</param>
    public Task StopAsync(CancellationToken cancellationToken = default) => _listener.StopAsync(cancellationToken);

    /// <summary>Stops, with ten seconds' patience for clients that do not answer.</summary>
    public async ValueTask DisposeAsync()
    {
        // Of the clients' patience, not of the broker's clock, which a test may have stopped.
        using var patience = new CancellationTokenSource(LongestStop, TimeProvider.System);
        await StopAsync(patience.Token);
        await _listener.DisposeAsync();
        _handler.Dispose();
    }

    private static async Task ServeNothingAsync(Microsoft.AspNetCore.Connections.ConnectionContext connection, Session session)
    {
        var error = AmqpException.Connection(ReplyCode.NotImplemented, "no engine");
        FrameWriter.WriteMethod(connection.Transport.Output, channel: 0, new ConnectionClose(error.Code, error.Message, 0));
        await connection.Transport.Output.FlushAsync();
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
