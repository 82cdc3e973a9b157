namespace Warren.Broker.Protocol.Methods;

/// <summary>Limits what may be delivered before it is settled; RabbitMQ reads global as "the whole channel", else each new consumer.</summary>
internal readonly record struct BasicQos(uint PrefetchSize, ushort PrefetchCount, bool Global) : IAmqpMethod<BasicQos>
{
    public static MethodId Id => MethodId.BasicQos;

    public static BasicQos Read(scoped ref AmqpReader reader)
    {
        var prefetchSize = reader.ReadUInt32();
        var prefetchCount = reader.ReadUInt16();
        var bits = reader.ReadBits();
        return new BasicQos(prefetchSize, prefetchCount, bits[0]);
    }

    public int GetSize() => 7;

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt32(PrefetchSize);
        writer.WriteUInt16(PrefetchCount);
        writer.WriteBits(new AmqpBits(Global));
    }
}

/// <summary>The limit holds.</summary>
internal readonly record struct BasicQosOk : IAmqpMethod<BasicQosOk>
{
    public static MethodId Id => MethodId.BasicQosOk;

    public static BasicQosOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>Starts a consumer; no tag lets the server choose one.</summary>
internal readonly record struct BasicConsume(
    string Queue, string ConsumerTag, bool NoLocal, bool NoAck, bool Exclusive, bool NoWait, FieldTable Arguments)
    : IAmqpMethod<BasicConsume>
{
    public static MethodId Id => MethodId.BasicConsume;

    public static BasicConsume Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var queue = reader.ReadShortString();
        var consumerTag = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new BasicConsume(queue, consumerTag, bits[0], bits[1], bits[2], bits[3], reader.ReadTable());
    }

    public int GetSize() => 3 + AmqpWriter.SizeOfShortString(Queue) + AmqpWriter.SizeOfShortString(ConsumerTag) + Arguments.GetSize();

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Queue);
        writer.WriteShortString(ConsumerTag);
        writer.WriteBits(new AmqpBits(NoLocal, NoAck, Exclusive, NoWait));
        writer.WriteTable(Arguments);
    }
}

/// <summary>The consumer has begun.</summary>
internal readonly record struct BasicConsumeOk(string ConsumerTag) : IAmqpMethod<BasicConsumeOk>
{
    public static MethodId Id => MethodId.BasicConsumeOk;

    public static BasicConsumeOk Read(scoped ref AmqpReader reader) => new(reader.ReadShortString());

    public int GetSize() => AmqpWriter.SizeOfShortString(ConsumerTag);

    public void Write(ref AmqpWriter writer) => writer.WriteShortString(ConsumerTag);
}

/// <summary>Ends a consumer; RabbitMQ also tells a client so when the queue is gone.</summary>
internal readonly record struct BasicCancel(string ConsumerTag, bool NoWait) : IAmqpMethod<BasicCancel>
{
    public static MethodId Id => MethodId.BasicCancel;

    public static BasicCancel Read(scoped ref AmqpReader reader)
    {
        var consumerTag = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new BasicCancel(consumerTag, bits[0]);
    }

    public int GetSize() => 1 + AmqpWriter.SizeOfShortString(ConsumerTag);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteShortString(ConsumerTag);
        writer.WriteBits(new AmqpBits(NoWait));
    }
}

/// <summary>The consumer has ended.</summary>
internal readonly record struct BasicCancelOk(string ConsumerTag) : IAmqpMethod<BasicCancelOk>
{
    public static MethodId Id => MethodId.BasicCancelOk;

    public static BasicCancelOk Read(scoped ref AmqpReader reader) => new(reader.ReadShortString());

    public int GetSize() => AmqpWriter.SizeOfShortString(ConsumerTag);

    public void Write(ref AmqpWriter writer) => writer.WriteShortString(ConsumerTag);
}

/// <summary>Takes one message.</summary>
internal readonly record struct BasicGet(string Queue, bool NoAck) : IAmqpMethod<BasicGet>
{
    public static MethodId Id => MethodId.BasicGet;

    public static BasicGet Read(scoped ref AmqpReader reader)
    {
        reader.ReadUInt16();
        var queue = reader.ReadShortString();
        var bits = reader.ReadBits();
        return new BasicGet(queue, bits[0]);
    }

    public int GetSize() => 3 + AmqpWriter.SizeOfShortString(Queue);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(0);
        writer.WriteShortString(Queue);
        writer.WriteBits(new AmqpBits(NoAck));
    }
}

/// <summary>No message was ready.</summary>
internal readonly record struct BasicGetEmpty : IAmqpMethod<BasicGetEmpty>
{
    public static MethodId Id => MethodId.BasicGetEmpty;

    public static BasicGetEmpty Read(scoped ref AmqpReader reader)
    {
        reader.ReadShortString();
        return default;
    }

    public int GetSize() => 1;

    public void Write(ref AmqpWriter writer) => writer.WriteByte(0);
}

/// <summary>RabbitMQ: gives a consumer credit, from the days before quorum queues had AMQP 1.0's.</summary>
internal readonly record struct BasicCredit(string ConsumerTag, uint Credit, bool Drain) : IAmqpMethod<BasicCredit>
{
    public static MethodId Id => MethodId.BasicCredit;

    public static BasicCredit Read(scoped ref AmqpReader reader)
    {
        var consumerTag = reader.ReadShortString();
        var credit = reader.ReadUInt32();
        var bits = reader.ReadBits();
        return new BasicCredit(consumerTag, credit, bits[0]);
    }

    public int GetSize() => 5 + AmqpWriter.SizeOfShortString(ConsumerTag);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteShortString(ConsumerTag);
        writer.WriteUInt32(Credit);
        writer.WriteBits(new AmqpBits(Drain));
    }
}

/// <summary>RabbitMQ: so many messages are ready for the credit.</summary>
internal readonly record struct BasicCreditOk(uint Available) : IAmqpMethod<BasicCreditOk>
{
    public static MethodId Id => MethodId.BasicCreditOk;

    public static BasicCreditOk Read(scoped ref AmqpReader reader) => new(reader.ReadUInt32());

    public int GetSize() => 4;

    public void Write(ref AmqpWriter writer) => writer.WriteUInt32(Available);
}

/// <summary>RabbitMQ: so much credit is gone for want of messages.</summary>
internal readonly record struct BasicCreditDrained(string ConsumerTag, uint CreditDrained) : IAmqpMethod<BasicCreditDrained>
{
    public static MethodId Id => MethodId.BasicCreditDrained;

    public static BasicCreditDrained Read(scoped ref AmqpReader reader) => new(reader.ReadShortString(), reader.ReadUInt32());

    public int GetSize() => 4 + AmqpWriter.SizeOfShortString(ConsumerTag);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteShortString(ConsumerTag);
        writer.WriteUInt32(CreditDrained);
    }
}
