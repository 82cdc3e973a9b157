namespace Warren.Broker.Protocol.Methods;

/// <summary>Ends the connection, naming the method at fault or 0; either side sends it.</summary>
internal readonly record struct ConnectionClose(ReplyCode ReplyCode, string ReplyText, MethodId FailedMethod) : IAmqpMethod<ConnectionClose>
{
    public static MethodId Id => MethodId.ConnectionClose;

    public static ConnectionClose Read(scoped ref AmqpReader reader) =>
        new((ReplyCode)reader.ReadUInt16(), reader.ReadShortString(), (MethodId)reader.ReadUInt32());

    public int GetSize() => 6 + AmqpWriter.SizeOfShortString(ReplyText);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16((ushort)ReplyCode);
        writer.WriteShortString(ReplyText);
        writer.WriteUInt32((uint)FailedMethod);
    }
}

/// <summary>The connection is over.</summary>
internal readonly record struct ConnectionCloseOk : IAmqpMethod<ConnectionCloseOk>
{
    public static MethodId Id => MethodId.ConnectionCloseOk;

    public static ConnectionCloseOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>RabbitMQ: publishing is stopped until further notice.</summary>
internal readonly record struct ConnectionBlocked(string Reason) : IAmqpMethod<ConnectionBlocked>
{
    public static MethodId Id => MethodId.ConnectionBlocked;

    public static ConnectionBlocked Read(scoped ref AmqpReader reader) => new(reader.ReadShortString());

    public int GetSize() => AmqpWriter.SizeOfShortString(Reason);

    public void Write(ref AmqpWriter writer) => writer.WriteShortString(Reason);
}

/// <summary>RabbitMQ: publishing goes on.</summary>
internal readonly record struct ConnectionUnblocked : IAmqpMethod<ConnectionUnblocked>
{
    public static MethodId Id => MethodId.ConnectionUnblocked;

    public static ConnectionUnblocked Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>RabbitMQ: a new secret for the credentials that expire.</summary>
internal readonly record struct ConnectionUpdateSecret(byte[] NewSecret, string Reason) : IAmqpMethod<ConnectionUpdateSecret>
{
    public static MethodId Id => MethodId.ConnectionUpdateSecret;

    public static ConnectionUpdateSecret Read(scoped ref AmqpReader reader) =>
        new(reader.ReadLongString().ToArray(), reader.ReadShortString());

    public int GetSize() => AmqpWriter.SizeOfLongString(NewSecret) + AmqpWriter.SizeOfShortString(Reason);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteLongString(NewSecret);
        writer.WriteShortString(Reason);
    }
}

/// <summary>RabbitMQ: the new secret holds.</summary>
internal readonly record struct ConnectionUpdateSecretOk : IAmqpMethod<ConnectionUpdateSecretOk>
{
    public static MethodId Id => MethodId.ConnectionUpdateSecretOk;

    public static ConnectionUpdateSecretOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}
