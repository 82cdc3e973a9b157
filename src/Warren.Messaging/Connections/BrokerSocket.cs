using System.Net.Sockets;
using RabbitMQ.Client;

namespace Warren.Messaging.Connections;

/// <summary>A socket whose stream is a <see cref="BrokerStream"/>.</summary>
internal sealed class BrokerSocket(Socket socket) : TcpClientAdapter(socket)
{
    private BrokerStream? _stream;

    /// <summary>A socket of a family, as the client would make it.</summary>
    public static ITcpClient Create(AddressFamily family) => new BrokerSocket(new(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });

    /// <inheritdoc/>
    public override NetworkStream GetStream() => _stream ??= new BrokerStream(Client);

    /// <inheritdoc/>
    public override void Close()
    {
        _stream?.SendRest();
        base.Close();
    }
}
