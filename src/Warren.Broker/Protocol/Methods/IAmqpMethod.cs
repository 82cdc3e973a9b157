namespace Warren.Broker.Protocol.Methods;

/// <summary>A method of AMQP that can read, size and write its arguments; in both directions, since tests speak as clients do.</summary>
/// <remarks>Arguments the specification reserves are read and dropped, and written as 0 or empty.</remarks>
internal interface IAmqpMethod<TSelf>
    where TSelf : struct, IAmqpMethod<TSelf>, allows ref struct
{
    /// <summary>The class and the method on the wire.</summary>
    static abstract MethodId Id { get; }

    /// <summary>Reads the arguments; <see cref="AmqpMethod.Read"/> also demands that nothing follows them.</summary>
    /// <exception cref="AmqpException">501: the arguments are cut short or are no UTF-8; 502: a table is malformed.</exception>
    static abstract TSelf Read(scoped ref AmqpReader reader);

    /// <summary>What the arguments take on the wire.</summary>
    int GetSize();

    /// <summary>Writes exactly as many octets as <see cref="GetSize"/> said.</summary>
    void Write(ref AmqpWriter writer);
}
