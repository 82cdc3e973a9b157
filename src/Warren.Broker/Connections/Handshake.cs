using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Connections;

/// <summary>How far the opening of a connection came; the names are those of RabbitMQ's states.</summary>
internal enum HandshakeStage
{
    /// <summary>The protocol header is awaited.</summary>
    Handshake,

    /// <summary><c>connection.start-ok</c> is awaited.</summary>
    Starting,

    /// <summary><c>connection.tune-ok</c> is awaited.</summary>
    Tuning,

    /// <summary><c>connection.open</c> is awaited.</summary>
    Opening,
}

/// <summary>The opening of a connection (AMQP 0-9-1 §2.2.4): header, start, tune, open. Refusals are RabbitMQ's, to the text and the pause.</summary>
/// <remarks>
/// A stranger gets no explanation: until <c>connection.open</c> is awaited an error ends the connection without a word, after a pause
/// that makes guessing slow. Only a failed login is told, to a client that has said it understands. The reasons are in the log.
/// </remarks>
internal sealed class Handshake(ConnectionContext connection, ConnectionEnds ends, Admission admission, TimeProvider time)
{
    private static readonly TimeSpan SilentPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(30);

    private readonly HandshakeInput _input = new(connection.Transport.Input);
    private TimeSpan _farewell = SilentPause;

    /// <summary>How far the client came.</summary>
    public HandshakeStage Stage { get; private set; }

    /// <summary>True once a byte came; what ends before that is a look whether the port is open.</summary>
    public bool HasBegun => _input.HasBegun;

    /// <summary>Opens the connection; input behind <c>connection.open</c> stays in the pipe.</summary>
    /// <param name="patience">Ends when the client has taken too long.</param>
    /// <param name="stopping">Ends when the broker stops, and with it the time that a refused client has for its answer.</param>
    /// <exception cref="HandshakeRefusedException">The client was refused, and told so where it is to be told.</exception>
    /// <exception cref="ConnectionAbortedException">The client hung up.</exception>
    /// <exception cref="OperationCanceledException">It took too long, or the broker stops.</exception>
    public async Task<Opening> RunAsync(CancellationToken patience, CancellationToken stopping)
    {
        var capabilities = ClientCapabilities.None;
        try
        {
            await ReadHeaderAsync(patience);
            var startOk = await CallAsync<ConnectionStart, ConnectionStartOk>(
                HandshakeStage.Starting, new(0, 9, ServerProperties.Table, Encoding.ASCII.GetBytes(Sasl.Mechanisms), "en_US"u8.ToArray()), patience);
            capabilities = ClientCapabilitiesTable.Read(startOk.ClientProperties);
            var client = new ClientProgram(startOk.ClientProperties, capabilities, startOk.Mechanism);
            var user = admission.LogIn(startOk.Mechanism, startOk.Response, ends);

            var limits = Negotiate(await CallAsync<ConnectionTune, ConnectionTuneOk>(HandshakeStage.Tuning, admission.Offer, patience));

            Stage = HandshakeStage.Opening;
            var virtualHost = (await _input.ReadAsync<ConnectionOpen>(Stage, patience)).VirtualHost;
            admission.Enter(user, virtualHost);
            return new(user, virtualHost, limits, client);
        }
        catch (LoginRefusedException refusal)
        {
            await RefuseAsync((capabilities & ClientCapabilities.AuthenticationFailureClose) != 0 ? refusal.Answer : null, failed: null, stopping);
            throw new HandshakeRefusedException(Stage, refusal);
        }
        catch (AmqpException error)
        {
            await RefuseAsync(Stage == HandshakeStage.Opening ? error : null, _input.Method, stopping);
            throw new HandshakeRefusedException(Stage, error);
        }
    }

    private async Task ReadHeaderAsync(CancellationToken cancellationToken)
    {
        if (await _input.ReadHeaderAsync(cancellationToken))
            return;
        connection.Transport.Output.Write(ProtocolHeader.Bytes);
        await connection.Transport.Output.FlushAsync(cancellationToken);
        throw new HandshakeRefusedException(Stage, "it did not begin with the protocol header of AMQP 0-9-1");
    }

    private async Task<TAnswer> CallAsync<TMethod, TAnswer>(HandshakeStage stage, TMethod method, CancellationToken cancellationToken)
        where TMethod : struct, IAmqpMethod<TMethod>
        where TAnswer : struct, IAmqpMethod<TAnswer>
    {
        Stage = stage;
        await SendAsync(method, cancellationToken);
        return await _input.ReadAsync<TAnswer>(stage, cancellationToken);
    }

    private async Task SendAsync<T>(T method, CancellationToken cancellationToken)
        where T : struct, IAmqpMethod<T>
    {
        FrameWriter.WriteMethod(connection.Transport.Output, channel: 0, method);
        await connection.Transport.Output.FlushAsync(cancellationToken);
    }

    private SessionLimits Negotiate(ConnectionTuneOk chosen)
    {
        var limits = admission.Negotiate(chosen);
        _input.FrameMax = limits.FrameMax;
        _farewell = limits.Heartbeat > TimeSpan.Zero && limits.Heartbeat < LongestFarewell ? limits.Heartbeat : LongestFarewell;
        return limits;
    }

    private async Task RefuseAsync(AmqpException? told, MethodId? failed, CancellationToken stopping)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping, connection.ConnectionClosed);
        using var farewell = new CancellationTokenSource(_farewell, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, farewell.Token);
        try
        {
            if (told is null)
            {
                await Task.Delay(SilentPause, time, over.Token);
                return;
            }

            await SendAsync(new ConnectionClose(told.Code, told.Message, failed ?? 0), either.Token);
            await CloseOkAsync(either.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or AmqpException or ConnectionAbortedException or IOException)
        {
            // It was refused already; how it takes its leave changes nothing.
        }
    }

    private async Task CloseOkAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            switch ((await _input.ReadMethodAsync(cancellationToken)).Method)
            {
                case MethodId.ConnectionCloseOk:
                    return;
                case MethodId.ConnectionClose:
                    await SendAsync(default(ConnectionCloseOk), cancellationToken);
                    break;
                default:
                    // What a client still sends after a refusal is not answered (AMQP 0-9-1 §1.4.2.10).
                    break;
            }
        }
    }
}

/// <summary>What the handshake came to.</summary>
internal sealed record Opening(User User, string VirtualHost, SessionLimits Limits, ClientProgram Client);

/// <summary>A client was refused before its connection was open; the message says why, for the log.</summary>
internal sealed class HandshakeRefusedException : Exception
{
    public HandshakeRefusedException(HandshakeStage stage, string reason)
        : base(reason) => Stage = stage;

    public HandshakeRefusedException(HandshakeStage stage, Exception cause)
        : base(cause.Message, cause) => Stage = stage;

    /// <summary>How far the client came.</summary>
    public HandshakeStage Stage { get; }
}
