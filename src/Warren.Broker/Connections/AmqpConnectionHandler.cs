using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Warren.Broker.Diagnostics;

namespace Warren.Broker.Connections;

/// <summary>Serves a connection from <c>connection.open-ok</c>, which it sends, until it ends; what the client has sent since is in the pipe.</summary>
internal delegate Task SessionServer(ConnectionContext connection, Session session);

/// <summary>Takes each connection Kestrel accepts through its opening, hands it on, and says in the log how it began.</summary>
internal sealed partial class AmqpConnectionHandler(BrokerOptions options, Admission admission, SessionServer serve) : ConnectionHandler, IDisposable
{
    // Strangers on their way in have room beside those who are in, and no more than this.
    private const int MostOpening = 1024;

    private readonly ILogger _logger = options.LoggerFactory.CreateLogger("Warren.Broker.Connections");
    private readonly Heartbeats _heartbeats = new(options.TimeProvider);
    private int _sockets;

    /// <summary>Serves one connection to its end.</summary>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var ends = new ConnectionEnds(
            (IPEndPoint)connection.RemoteEndPoint!, (IPEndPoint)connection.LocalEndPoint!, connection.Features.Get<ITlsConnectionFeature>() is not null);
        try
        {
            if (Interlocked.Increment(ref _sockets) > (long)options.MaxConnections + MostOpening)
            {
                Log.TooMany(_logger, ends, options.MaxConnections);
                connection.Abort(new ConnectionAbortedException("Too many connections."));
                return;
            }

            if (await OpenAsync(connection, ends) is { } opening)
                await ServeAsync(connection, ends, opening);
        }
        finally
        {
            Interlocked.Decrement(ref _sockets);
        }
    }

    /// <summary>Sends no more heartbeats.</summary>
    public void Dispose() => _heartbeats.Dispose();

    private async Task<Opening?> OpenAsync(ConnectionContext connection, ConnectionEnds ends)
    {
        var stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        using var patience = new CancellationTokenSource(options.HandshakeTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        using var span = BrokerTracing.StartOpening(ends.Remote, ends.Local);
        var handshake = new Handshake(connection, ends, admission, options.TimeProvider);
        try
        {
            var opening = await handshake.RunAsync(either.Token, stopping);
            BrokerTracing.Opened(span, opening.User.Name, opening.VirtualHost, opening.Client.ConnectionName);
            return opening;
        }
        catch (HandshakeRefusedException refusal)
        {
            Log.Refused(_logger, ends, refusal.Stage, refusal.Message);
            BrokerTracing.Fail(span, refusal.Message, "refused");
        }
        catch (Exception error) when (error is ConnectionAbortedException or IOException)
        {
            BrokerTracing.Fail(span, error.Message, "hung up");
            if (handshake.HasBegun)
                Log.HungUp(_logger, ends, handshake.Stage);
            else
                Log.LookedIn(_logger, ends);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            Log.TookTooLong(_logger, ends, handshake.Stage, options.HandshakeTimeout);
            BrokerTracing.Fail(span, "the handshake took too long", "timeout");
            connection.Abort(new ConnectionAbortedException("The handshake took too long."));
        }
        catch (OperationCanceledException)
        {
            // The broker stops, and nobody has been let in yet who would have to be told.
        }

        return null;
    }

    private async Task ServeAsync(ConnectionContext connection, ConnectionEnds ends, Opening opening)
    {
        var (user, virtualHost, limits, client) = opening;
        using var heartbeat = new Heartbeat(_heartbeats, limits.Heartbeat, missed: () =>
        {
            Log.Silent(_logger, ends, limits.Heartbeat);
            connection.Abort(new ConnectionAbortedException("The client missed its heartbeats."));
        });
        try
        {
            Log.Opened(_logger, ends, user.Name, virtualHost);
            await serve(connection, new(user, virtualHost, limits, client, ends, heartbeat) { OpenedAt = options.TimeProvider.GetUtcNow() });
        }
        finally
        {
            admission.Leave();
        }
    }

    private static partial class Log
    {
        // The levels are RabbitMQ's, so that rules made for its log fit.
        [LoggerMessage(LogLevel.Information, "Connection {Ends}: user '{User}' has opened virtual host '{VirtualHost}'")]
        public static partial void Opened(ILogger logger, ConnectionEnds ends, string user, string virtualHost);

        [LoggerMessage(LogLevel.Error, "Connection {Ends} was refused in state {Stage}: {Reason}")]
        public static partial void Refused(ILogger logger, ConnectionEnds ends, HandshakeStage stage, string reason);

        [LoggerMessage(LogLevel.Error, "Connection {Ends} was not open within {HandshakeTimeout}; it is closed in state {Stage}")]
        public static partial void TookTooLong(ILogger logger, ConnectionEnds ends, HandshakeStage stage, TimeSpan handshakeTimeout);

        [LoggerMessage(LogLevel.Warning, "Connection {Ends} was closed by the client in state {Stage}")]
        public static partial void HungUp(ILogger logger, ConnectionEnds ends, HandshakeStage stage);

        [LoggerMessage(LogLevel.Debug, "Connection {Ends} was closed by the client before it sent anything")]
        public static partial void LookedIn(ILogger logger, ConnectionEnds ends);

        [LoggerMessage(LogLevel.Error, "Connection {Ends} is closed: the client missed its heartbeats of {Interval}")]
        public static partial void Silent(ILogger logger, ConnectionEnds ends, TimeSpan interval);

        [LoggerMessage(LogLevel.Warning, "Connection {Ends} is dropped: far more than {MaxConnections} connections are open or opening")]
        public static partial void TooMany(ILogger logger, ConnectionEnds ends, int maxConnections);
    }
}
