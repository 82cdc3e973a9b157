namespace Warren.Broker.Protocol.Methods;

/// <summary>Makes a queue, or with passive asks whether it is there; no name lets the server choose one.</summary>
internal readonly record struct QueueDeclare(
    string Queue, bool Passive, bool Durable, bool Exclusive, bool AutoDelete, bool NoWait, FieldTable Arguments)
    : IAmqpMethod<QueueDeclare>
{
    public static MethodId Id => MethodId.QueueDeclare;

    public static QueueDeclare Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var queue = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new QueueDeclare(queue, bits[0], bits[1], bits[2], bits[3], bits[4], reader.ReadTable());
    }

    public int GetSize() => 3 + AmqpWriter.SizeOfShortString(Queue) + Arguments.GetSize();

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Queue);
        writer.WriteBits(new AmqpBits(Passive, Durable, Exclusive, AutoDelete, NoWait));
        writer.WriteTable(Arguments);
    }
}

/// <summary>The queue is there, with so many messages ready and so many consumers.</summary>
internal readonly record struct QueueDeclareOk(string Queue, uint MessageCount, uint ConsumerCount) : IAmqpMethod<QueueDeclareOk>
{
    public static MethodId Id => MethodId.QueueDeclareOk;

    public static QueueDeclareOk Read(scoped ref AmqpReader reader) =>
        new(reader.ReadShortString(), reader.ReadUInt32(), reader.ReadUInt32());

    public int GetSize() => 8 + AmqpWriter.SizeOfShortString(Queue);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteShortString(Queue);
        writer.WriteUInt32(MessageCount);
        writer.WriteUInt32(ConsumerCount);
    }
}

/// <summary>Binds a queue to an exchange.</summary>
internal readonly record struct QueueBind(
    string Queue, string Exchange, string RoutingKey, bool NoWait, FieldTable Arguments)
    : IAmqpMethod<QueueBind>
{
    public static MethodId Id => MethodId.QueueBind;

    public static QueueBind Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var queue = reader.ReadShortString();
        var exchange = reader.ReadShortString();
        var routingKey = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new QueueBind(queue, exchange, routingKey, bits[0], reader.ReadTable());
    }

    public int GetSize() =>
        3 + AmqpWriter.SizeOfShortString(Queue)
        + AmqpWriter.SizeOfShortString(Exchange) + AmqpWriter.SizeOfShortString(RoutingKey) + Arguments.GetSize();

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Queue);
        writer.WriteShortString(Exchange);
        writer.WriteShortString(RoutingKey);
        writer.WriteBits(new AmqpBits(NoWait));
        writer.WriteTable(Arguments);
    }
}

/// <summary>The queue is bound.</summary>
internal readonly record struct QueueBindOk : IAmqpMethod<QueueBindOk>
{
    public static MethodId Id => MethodId.QueueBindOk;

    public static QueueBindOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>Drops the messages that are ready.</summary>
internal readonly record struct QueuePurge(string Queue, bool NoWait) : IAmqpMethod<QueuePurge>
{
    public static MethodId Id => MethodId.QueuePurge;

    public static QueuePurge Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var queue = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new QueuePurge(queue, bits[0]);
    }

    public int GetSize() => 3 + AmqpWriter.SizeOfShortString(Queue);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Queue);
        writer.WriteBits(new AmqpBits(NoWait));
    }
}

/// <summary>So many messages were dropped.</summary>
internal readonly record struct QueuePurgeOk(uint MessageCount) : IAmqpMethod<QueuePurgeOk>
{
    public static MethodId Id => MethodId.QueuePurgeOk;

    public static QueuePurgeOk Read(scoped ref AmqpReader reader) => new(reader.ReadUInt32());

    public int GetSize() => 4;

    public void Write(ref AmqpWriter writer) => writer.WriteUInt32(MessageCount);
}

/// <summary>Removes a queue.</summary>
internal readonly record struct QueueDelete(string Queue, bool IfUnused, bool IfEmpty, bool NoWait) : IAmqpMethod<QueueDelete>
{
    public static MethodId Id => MethodId.QueueDelete;

    public static QueueDelete Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var queue = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new QueueDelete(queue, bits[0], bits[1], bits[2]);
    }

    public int GetSize() => 3 + AmqpWriter.SizeOfShortString(Queue);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Queue);
        writer.WriteBits(new AmqpBits(IfUnused, IfEmpty, NoWait));
    }
}

/// <summary>The queue is gone, and so many messages with it.</summary>
internal readonly record struct QueueDeleteOk(uint MessageCount) : IAmqpMethod<QueueDeleteOk>
{
    public static MethodId Id => MethodId.QueueDeleteOk;

    public static QueueDeleteOk Read(scoped ref AmqpReader reader) => new(reader.ReadUInt32());

    public int GetSize() => 4;

    public void Write(ref AmqpWriter writer) => writer.WriteUInt32(MessageCount);
}

/// <summary>Removes the binding of a queue; it has no no-wait.</summary>
internal readonly record struct QueueUnbind(
    string Queue, string Exchange, string RoutingKey, FieldTable Arguments)
    : IAmqpMethod<QueueUnbind>
{
    public static MethodId Id => MethodId.QueueUnbind;

    public static QueueUnbind Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        return new QueueUnbind(reader.ReadShortString(), reader.ReadShortString(), reader.ReadShortString(), reader.ReadTable());
    }

    public int GetSize() =>
        2 + AmqpWriter.SizeOfShortString(Queue)
        + AmqpWriter.SizeOfShortString(Exchange) + AmqpWriter.SizeOfShortString(RoutingKey) + Arguments.GetSize();

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Queue);
        writer.WriteShortString(Exchange);
        writer.WriteShortString(RoutingKey);
        writer.WriteTable(Arguments);
    }
}

/// <summary>The queue is not bound any more.</summary>
internal readonly record struct QueueUnbindOk : IAmqpMethod<QueueUnbindOk>
{
    public static MethodId Id => MethodId.QueueUnbindOk;

    public static QueueUnbindOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}
