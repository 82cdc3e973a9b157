using System.Net.Sockets;
using RabbitMQ.Client;

namespace Warren.Messaging.Connections;

/// <summary>A socket whose stream fails at its end instead of being empty there.</summary>
/// <remarks>
/// RabbitMQ.Client takes the end of a stream for the end of the connection only between two frames. In the middle of one it asks for the
/// rest again and again, on a processor of its own, until its heartbeats are missed: three of them, minutes. A broker that is killed or a
/// connection that is cut ends like that when a write meets the reset first and the read only finds nothing more.
/// </remarks>
internal sealed class BrokerSocket(Socket socket) : TcpClientAdapter(socket)
{
    /// <summary>A socket of a family, as the client would make it.</summary>
    public static ITcpClient Create(AddressFamily family) => new BrokerSocket(new(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });

    /// <inheritdoc/>
    public override NetworkStream GetStream() => new EndingStream(Client);

    private sealed class EndingStream(Socket socket) : NetworkStream(socket)
    {
        // What the client and SslStream read with.
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            // A read into nothing only waits for data.
            return read > 0 || buffer.IsEmpty ? read : throw new EndOfStreamException("The broker ended the connection.");
        }
    }
}
