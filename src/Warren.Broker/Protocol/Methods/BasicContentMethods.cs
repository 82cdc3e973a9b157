namespace Warren.Broker.Protocol.Methods;

/// <summary>A message for an exchange; read by the thousand, so its strings stay where they are in the buffer.</summary>
internal readonly ref struct BasicPublish(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, bool mandatory, bool immediate)
    : IAmqpMethod<BasicPublish>
{
    public static MethodId Id => MethodId.BasicPublish;

    /// <summary>The name of the exchange, in UTF-8.</summary>
    public ReadOnlySpan<byte> Exchange { get; } = exchange;

    /// <summary>The routing key, in UTF-8.</summary>
    public ReadOnlySpan<byte> RoutingKey { get; } = routingKey;

    /// <summary>True when the message comes back if no queue takes it.</summary>
    public bool Mandatory { get; } = mandatory;

    /// <summary>True when no queue but only a consumer will do; RabbitMQ refuses it with 540.</summary>
    public bool Immediate { get; } = immediate;

    public static BasicPublish Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var exchange = reader.ReadShortStringUtf8();
        // Passed on as it came, like RabbitMQ's.
        var routingKey = reader.ReadShortStringBytes();
        var bits = reader.ReadBits();
        return new BasicPublish(exchange, routingKey, bits[0], bits[1]);
    }

    public int GetSize() => 5 + Exchange.Length + RoutingKey.Length;

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Exchange);
        writer.WriteShortString(RoutingKey);
        writer.WriteBits(new AmqpBits(Mandatory, Immediate));
    }
}

/// <summary>A mandatory message that could not be routed comes back.</summary>
internal readonly record struct BasicReturn(
    ReplyCode ReplyCode, string ReplyText, string Exchange, string RoutingKey)
    : IAmqpMethod<BasicReturn>
{
    public static MethodId Id => MethodId.BasicReturn;

    public static BasicReturn Read(scoped ref AmqpReader reader) =>
        new((ReplyCode)reader.ReadUInt16(), reader.ReadShortString(), reader.ReadShortString(), reader.ReadShortString());

    public int GetSize() =>
        2 + AmqpWriter.SizeOfShortString(ReplyText)
        + AmqpWriter.SizeOfShortString(Exchange) + AmqpWriter.SizeOfShortString(RoutingKey);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16((ushort)ReplyCode);
        writer.WriteShortString(ReplyText);
        writer.WriteShortString(Exchange);
        writer.WriteShortString(RoutingKey);
    }
}

/// <summary>A message for a consumer; the broker itself writes it with <c>FrameWriter.WriteDelivery</c>.</summary>
internal readonly record struct BasicDeliver(
    string ConsumerTag, ulong DeliveryTag, bool Redelivered, string Exchange, string RoutingKey)
    : IAmqpMethod<BasicDeliver>
{
    public static MethodId Id => MethodId.BasicDeliver;

    public static BasicDeliver Read(scoped ref AmqpReader reader)
    {
        var consumerTag = reader.ReadShortString();
        var deliveryTag = reader.ReadUInt64();
        var bits = reader.ReadBits();
        return new BasicDeliver(consumerTag, deliveryTag, bits[0], reader.ReadShortString(), reader.ReadShortString());
    }

    public int GetSize() =>
        9 + AmqpWriter.SizeOfShortString(ConsumerTag)
        + AmqpWriter.SizeOfShortString(Exchange) + AmqpWriter.SizeOfShortString(RoutingKey);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteShortString(ConsumerTag);
        writer.WriteUInt64(DeliveryTag);
        writer.WriteBits(new AmqpBits(Redelivered));
        writer.WriteShortString(Exchange);
        writer.WriteShortString(RoutingKey);
    }
}

/// <summary>The message that was taken, and how many are left.</summary>
internal readonly record struct BasicGetOk(
    ulong DeliveryTag, bool Redelivered, string Exchange, string RoutingKey, uint MessageCount)
    : IAmqpMethod<BasicGetOk>
{
    public static MethodId Id => MethodId.BasicGetOk;

    public static BasicGetOk Read(scoped ref AmqpReader reader)
    {
        var deliveryTag = reader.ReadUInt64();
        var bits = reader.ReadBits();
        return new BasicGetOk(deliveryTag, bits[0], reader.ReadShortString(), reader.ReadShortString(), reader.ReadUInt32());
    }

    public int GetSize() => 13 + AmqpWriter.SizeOfShortString(Exchange) + AmqpWriter.SizeOfShortString(RoutingKey);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt64(DeliveryTag);
        writer.WriteBits(new AmqpBits(Redelivered));
        writer.WriteShortString(Exchange);
        writer.WriteShortString(RoutingKey);
        writer.WriteUInt32(MessageCount);
    }
}
