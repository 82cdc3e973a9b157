using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Warren.Broker.Connections;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Connections;

/// <summary>A broker without an engine: it lets connections into the virtual hosts / and <c>other</c>, and answers those who are in <c>connection.close</c> alone.</summary>
internal sealed class Door : IAsyncDisposable
{
    private AmqpConnectionHandler? _handler;
    private AmqpListener? _listener;

    /// <summary>Who was let in.</summary>
    public Arrivals<Session> Sessions { get; } = new();

    /// <summary>What the broker logged, with the levels before it.</summary>
    public LogLines Log { get; } = new();

    /// <summary>Where it is.</summary>
    public IPEndPoint EndPoint => _listener!.EndPoints[0];

    /// <summary>Opens the door.</summary>
    public static async Task<Door> OpenAsync(BrokerOptions? options = null)
    {
        var door = new Door();
        options ??= new();
        options.LoggerFactory = door.Log;
        var admission = new Admission(options, new(options), name => name is "/" or "other");
        door._handler = new(options, admission, door.ServeAsync);
        door._listener = await AmqpListener.StartAsync(options, door._handler, TestContext.Current.CancellationToken);
        return door;
    }

    /// <summary>A client that has said nothing yet.</summary>
    public Task<RawAmqpClient> ConnectAsync() => RawAmqpClient.ConnectAsync(Url);

    /// <summary>A client that is in.</summary>
    public Task<RawAmqpClient> EnterAsync(RawTuning? tuning = null) => RawAmqpClient.OpenAsync(Url, tuning);

    /// <summary>Closes the door, and waits for those who are in.</summary>
    public Task CloseAsync() => _listener!.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _listener!.DisposeAsync();
        _handler!.Dispose();
    }

    private string Url => $"amqp://guest:guest@{EndPoint}/%2F";

    private async Task ServeAsync(ConnectionContext connection, Session session)
    {
        Sessions.Add(session);
        FrameWriter.WriteMethod(connection.Transport.Output, 0, default(ConnectionOpenOk));
        await connection.Transport.Output.FlushAsync();
        var input = new HandshakeInput(connection.Transport.Input) { FrameMax = session.FrameMax };
        var stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()!.ConnectionClosedRequested;
        try
        {
            while ((await input.ReadMethodAsync(stopping)).Method != MethodId.ConnectionClose)
                session.Heartbeat.Received();
            FrameWriter.WriteMethod(connection.Transport.Output, 0, default(ConnectionCloseOk));
            await connection.Transport.Output.FlushAsync(stopping);
        }
        catch (Exception error) when (error is ConnectionAbortedException or OperationCanceledException)
        {
            // The client or the broker has ended it.
        }
    }
}
