using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Connections;

/// <summary>Finds out who listens on an address that was to be ours: it connects as a client and reads how the broker there introduces itself.</summary>
internal static class PortOccupant
{
    // Long enough for a broker of this machine that is busy, and short for whoever waits for an error.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The error that says which of the addresses is taken, and by whom.</summary>
    public static async Task<BrokerStartException> DescribeAsync(
        IReadOnlyList<IPEndPoint> wanted, Exception cause, TimeProvider time, CancellationToken cancellationToken)
    {
        var taken = wanted.FirstOrDefault(IsTaken) ?? wanted[0];
        var (occupant, answer) = await AskAsync(taken, time, cancellationToken);
        return new(BrokerStartFailure.AddressInUse, $"{taken} is in use ({answer}).", cause) { EndPoint = taken, Occupant = occupant };
    }

    private static bool IsTaken(IPEndPoint endPoint)
    {
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(endPoint);
            socket.Listen();
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static async Task<(string? Occupant, string Answer)> AskAsync(IPEndPoint endPoint, TimeProvider time, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(ListenAddress.Reachable(endPoint), either.Token);
            await using var stream = client.GetStream();
            await stream.WriteAsync(ProtocolHeader.Bytes.ToArray(), either.Token);
            var pipe = PipeReader.Create(stream);
            var start = await new HandshakeInput(pipe) { FrameMax = ushort.MaxValue }.ReadAsync<ConnectionStart>(HandshakeStage.Starting, either.Token);
            var name = Name(start.ServerProperties);
            return (name, $"{name} answers there");
        }
        catch (Exception error) when (error is SocketException or IOException or AmqpException or OperationCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            // Whoever it is speaks another protocol, or TLS, or nothing.
            return (null, "a program that is no AMQP broker listens there");
        }
    }

    private static string Name(FieldTable properties)
    {
        if (properties.TryGetText("platform", out var platform) && platform.StartsWith("Warren ", StringComparison.Ordinal))
            return platform;
        var product = properties.TryGetText("product", out var given) ? given : "an AMQP broker";
        return properties.TryGetText("version", out var version) && Version.TryParse(version, out var parts)
            ? $"{product} {parts.Major}.{parts.Minor}"
            : product;
    }
}
