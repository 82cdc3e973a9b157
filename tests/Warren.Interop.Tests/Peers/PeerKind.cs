namespace Warren.Interop.Tests.Peers;

/// <summary>The clients in other languages that the tests meet.</summary>
public enum PeerKind
{
    /// <summary>A Python service that uses <c>clients/python/rabbitmq_client.py</c>.</summary>
    SharedClient,

    /// <summary>A Python program on pika that knows only the wire format.</summary>
    Pika,

    /// <summary>A Node program on amqplib that knows only the wire format.</summary>
    Amqplib,
}
