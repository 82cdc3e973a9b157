namespace Warren.Broker.Protocol.Methods;

/// <summary>Asks for a ticket, a notion of AMQP 0-8 that RabbitMQ still answers.</summary>
internal readonly record struct AccessRequest(
    string Realm, bool Exclusive, bool Passive, bool Active, bool WriteAccess, bool ReadAccess)
    : IAmqpMethod<AccessRequest>
{
    public static MethodId Id => MethodId.AccessRequest;

    public static AccessRequest Read(scoped ref AmqpReader reader)
    {
        var realm = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new AccessRequest(realm, bits[0], bits[1], bits[2], bits[3], bits[4]);
    }

    public int GetSize() => 1 + AmqpWriter.SizeOfShortString(Realm);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteShortString(Realm);
        writer.WriteBits(new AmqpBits(Exclusive, Passive, Active, WriteAccess, ReadAccess));
    }
}

/// <summary>A ticket, which means nothing any more.</summary>
internal readonly record struct AccessRequestOk(ushort Ticket) : IAmqpMethod<AccessRequestOk>
{
    public static MethodId Id => MethodId.AccessRequestOk;

    public static AccessRequestOk Read(scoped ref AmqpReader reader) => new(reader.ReadUInt16());

    public int GetSize() => 2;

    public void Write(ref AmqpWriter writer) => writer.WriteUInt16(Ticket);
}
