namespace Warren.Broker.Protocol.Methods;

/// <summary>A delivery was handled; from the server, a publish is safe. With multiple all up to the tag, and all there are with tag 0.</summary>
internal readonly record struct BasicAck(ulong DeliveryTag, bool Multiple) : IAmqpMethod<BasicAck>
{
    public static MethodId Id => MethodId.BasicAck;

    public static BasicAck Read(scoped ref AmqpReader reader)
    {
        var deliveryTag = reader.ReadUInt64();
        var bits = reader.ReadBits();
        return new BasicAck(deliveryTag, bits[0]);
    }

    public int GetSize() => 9;

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt64(DeliveryTag);
        writer.WriteBits(new AmqpBits(Multiple));
    }
}

/// <summary>A delivery was refused.</summary>
internal readonly record struct BasicReject(ulong DeliveryTag, bool Requeue) : IAmqpMethod<BasicReject>
{
    public static MethodId Id => MethodId.BasicReject;

    public static BasicReject Read(scoped ref AmqpReader reader)
    {
        var deliveryTag = reader.ReadUInt64();
        var bits = reader.ReadBits();
        return new BasicReject(deliveryTag, bits[0]);
    }

    public int GetSize() => 9;

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt64(DeliveryTag);
        writer.WriteBits(new AmqpBits(Requeue));
    }
}

/// <summary>Gives back all that is not settled, without an answer.</summary>
internal readonly record struct BasicRecoverAsync(bool Requeue) : IAmqpMethod<BasicRecoverAsync>
{
    public static MethodId Id => MethodId.BasicRecoverAsync;

    public static BasicRecoverAsync Read(scoped ref AmqpReader reader) => new(reader.ReadBits()[0]);

    public int GetSize() => 1;

    public void Write(ref AmqpWriter writer) => writer.WriteBits(new AmqpBits(Requeue));
}

/// <summary>Gives back all that is not settled.</summary>
internal readonly record struct BasicRecover(bool Requeue) : IAmqpMethod<BasicRecover>
{
    public static MethodId Id => MethodId.BasicRecover;

    public static BasicRecover Read(scoped ref AmqpReader reader) => new(reader.ReadBits()[0]);

    public int GetSize() => 1;

    public void Write(ref AmqpWriter writer) => writer.WriteBits(new AmqpBits(Requeue));
}

/// <summary>All was given back.</summary>
internal readonly record struct BasicRecoverOk : IAmqpMethod<BasicRecoverOk>
{
    public static MethodId Id => MethodId.BasicRecoverOk;

    public static BasicRecoverOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>RabbitMQ: deliveries were refused; from the server, a publish was lost.</summary>
internal readonly record struct BasicNack(ulong DeliveryTag, bool Multiple, bool Requeue) : IAmqpMethod<BasicNack>
{
    public static MethodId Id => MethodId.BasicNack;

    public static BasicNack Read(scoped ref AmqpReader reader)
    {
        var deliveryTag = reader.ReadUInt64();
        var bits = reader.ReadBits();
        return new BasicNack(deliveryTag, bits[0], bits[1]);
    }

    public int GetSize() => 9;

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt64(DeliveryTag);
        writer.WriteBits(new AmqpBits(Multiple, Requeue));
    }
}
