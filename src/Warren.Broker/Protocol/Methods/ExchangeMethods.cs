namespace Warren.Broker.Protocol.Methods;

/// <summary>Makes an exchange, or with passive asks whether it is there.</summary>
internal readonly record struct ExchangeDeclare(
    string Exchange, string Type, bool Passive, bool Durable, bool AutoDelete, bool Internal, bool NoWait, FieldTable Arguments)
    : IAmqpMethod<ExchangeDeclare>
{
    public static MethodId Id => MethodId.ExchangeDeclare;

    public static ExchangeDeclare Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var exchange = reader.ReadShortString();
        var type = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new ExchangeDeclare(exchange, type, bits[0], bits[1], bits[2], bits[3], bits[4], reader.ReadTable());
    }

    public int GetSize() => 3 + AmqpWriter.SizeOfShortString(Exchange) + AmqpWriter.SizeOfShortString(Type) + Arguments.GetSize();

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Exchange);
        writer.WriteShortString(Type);
        writer.WriteBits(new AmqpBits(Passive, Durable, AutoDelete, Internal, NoWait));
        writer.WriteTable(Arguments);
    }
}

/// <summary>The exchange is there.</summary>
internal readonly record struct ExchangeDeclareOk : IAmqpMethod<ExchangeDeclareOk>
{
    public static MethodId Id => MethodId.ExchangeDeclareOk;

    public static ExchangeDeclareOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>Removes an exchange.</summary>
internal readonly record struct ExchangeDelete(string Exchange, bool IfUnused, bool NoWait) : IAmqpMethod<ExchangeDelete>
{
    public static MethodId Id => MethodId.ExchangeDelete;

    public static ExchangeDelete Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var exchange = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new ExchangeDelete(exchange, bits[0], bits[1]);
    }

    public int GetSize() => 3 + AmqpWriter.SizeOfShortString(Exchange);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Exchange);
        writer.WriteBits(new AmqpBits(IfUnused, NoWait));
    }
}

/// <summary>The exchange is gone.</summary>
internal readonly record struct ExchangeDeleteOk : IAmqpMethod<ExchangeDeleteOk>
{
    public static MethodId Id => MethodId.ExchangeDeleteOk;

    public static ExchangeDeleteOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>RabbitMQ: binds an exchange to another, which it then gets messages from.</summary>
internal readonly record struct ExchangeBind(
    string Destination, string Source, string RoutingKey, bool NoWait, FieldTable Arguments)
    : IAmqpMethod<ExchangeBind>
{
    public static MethodId Id => MethodId.ExchangeBind;

    public static ExchangeBind Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var destination = reader.ReadShortString();
        var source = reader.ReadShortString();
        var routingKey = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new ExchangeBind(destination, source, routingKey, bits[0], reader.ReadTable());
    }

    public int GetSize() =>
        3 + AmqpWriter.SizeOfShortString(Destination)
        + AmqpWriter.SizeOfShortString(Source) + AmqpWriter.SizeOfShortString(RoutingKey) + Arguments.GetSize();

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Destination);
        writer.WriteShortString(Source);
        writer.WriteShortString(RoutingKey);
        writer.WriteBits(new AmqpBits(NoWait));
        writer.WriteTable(Arguments);
    }
}

/// <summary>RabbitMQ: the exchanges are bound.</summary>
internal readonly record struct ExchangeBindOk : IAmqpMethod<ExchangeBindOk>
{
    public static MethodId Id => MethodId.ExchangeBindOk;

    public static ExchangeBindOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>RabbitMQ: removes the binding between two exchanges.</summary>
internal readonly record struct ExchangeUnbind(
    string Destination, string Source, string RoutingKey, bool NoWait, FieldTable Arguments)
    : IAmqpMethod<ExchangeUnbind>
{
    public static MethodId Id => MethodId.ExchangeUnbind;

    public static ExchangeUnbind Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var destination = reader.ReadShortString();
        var source = reader.ReadShortString();
        var routingKey = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new ExchangeUnbind(destination, source, routingKey, bits[0], reader.ReadTable());
    }

    public int GetSize() =>
        3 + AmqpWriter.SizeOfShortString(Destination)
        + AmqpWriter.SizeOfShortString(Source) + AmqpWriter.SizeOfShortString(RoutingKey) + Arguments.GetSize();

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Destination);
        writer.WriteShortString(Source);
        writer.WriteShortString(RoutingKey);
        writer.WriteBits(new AmqpBits(NoWait));
        writer.WriteTable(Arguments);
    }
}

/// <summary>RabbitMQ: the exchanges are not bound any more; 51 is no misprint here.</summary>
internal readonly record struct ExchangeUnbindOk : IAmqpMethod<ExchangeUnbindOk>
{
    public static MethodId Id => MethodId.ExchangeUnbindOk;

    public static ExchangeUnbindOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}
