namespace Warren.Broker.Protocol.Methods;

/// <summary>Opens the channel.</summary>
internal readonly record struct ChannelOpen : IAmqpMethod<ChannelOpen>
{
    public static MethodId Id => MethodId.ChannelOpen;

    public static ChannelOpen Read(scoped ref AmqpReader reader)
    {
        reader.ReadShortString();
        return default;
    }

    public int GetSize() => 1;

    public void Write(ref AmqpWriter writer) => writer.WriteByte(0);
}

/// <summary>The channel is open.</summary>
internal readonly record struct ChannelOpenOk : IAmqpMethod<ChannelOpenOk>
{
    public static MethodId Id => MethodId.ChannelOpenOk;

    public static ChannelOpenOk Read(scoped ref AmqpReader reader)
    {
        reader.ReadLongString();
        return default;
    }

    public int GetSize() => 4;

    public void Write(ref AmqpWriter writer) => writer.WriteUInt32(0);
}

/// <summary>Asks the other side to stop or go on sending content.</summary>
internal readonly record struct ChannelFlow(bool Active) : IAmqpMethod<ChannelFlow>
{
    public static MethodId Id => MethodId.ChannelFlow;

    public static ChannelFlow Read(scoped ref AmqpReader reader) => new(reader.ReadBits()[0]);

    public int GetSize() => 1;

    public void Write(ref AmqpWriter writer) => writer.WriteBits(new AmqpBits(Active));
}

/// <summary>Says whether content will be sent.</summary>
internal readonly record struct ChannelFlowOk(bool Active) : IAmqpMethod<ChannelFlowOk>
{
    public static MethodId Id => MethodId.ChannelFlowOk;

    public static ChannelFlowOk Read(scoped ref AmqpReader reader) => new(reader.ReadBits()[0]);

    public int GetSize() => 1;

    public void Write(ref AmqpWriter writer) => writer.WriteBits(new AmqpBits(Active));
}

/// <summary>Ends the channel, naming the method at fault or 0; either side sends it.</summary>
internal readonly record struct ChannelClose(ReplyCode ReplyCode, string ReplyText, MethodId FailedMethod) : IAmqpMethod<ChannelClose>
{
    public static MethodId Id => MethodId.ChannelClose;

    public static ChannelClose Read(scoped ref AmqpReader reader) =>
        new((ReplyCode)reader.ReadUInt16(), reader.ReadShortString(), (MethodId)reader.ReadUInt32());

    public int GetSize() => 6 + AmqpWriter.SizeOfShortString(ReplyText);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16((ushort)ReplyCode);
        writer.WriteShortString(ReplyText);
        writer.WriteUInt32((uint)FailedMethod);
    }
}

/// <summary>The channel is over.</summary>
internal readonly record struct ChannelCloseOk : IAmqpMethod<ChannelCloseOk>
{
    public static MethodId Id => MethodId.ChannelCloseOk;

    public static ChannelCloseOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}
