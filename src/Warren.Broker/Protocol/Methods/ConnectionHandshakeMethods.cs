namespace Warren.Broker.Protocol.Methods;

/// <summary>The server's greeting: its version, its properties and the ways to authenticate it takes.</summary>
internal readonly record struct ConnectionStart(
    byte VersionMajor, byte VersionMinor, FieldTable ServerProperties, byte[] Mechanisms, byte[] Locales)
    : IAmqpMethod<ConnectionStart>
{
    public static MethodId Id => MethodId.ConnectionStart;

    public static ConnectionStart Read(scoped ref AmqpReader reader) =>
        new(reader.ReadByte(), reader.ReadByte(), reader.ReadTable(), reader.ReadLongString().ToArray(), reader.ReadLongString().ToArray());

    public int GetSize() => 2 + ServerProperties.GetSize() + AmqpWriter.SizeOfLongString(Mechanisms) + AmqpWriter.SizeOfLongString(Locales);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteByte(VersionMajor);
        writer.WriteByte(VersionMinor);
        writer.WriteTable(ServerProperties);
        writer.WriteLongString(Mechanisms);
        writer.WriteLongString(Locales);
    }
}

/// <summary>The client's answer: who it is, and the mechanism it authenticates by.</summary>
internal readonly record struct ConnectionStartOk(
    FieldTable ClientProperties, string Mechanism, byte[] Response, string Locale)
    : IAmqpMethod<ConnectionStartOk>
{
    public static MethodId Id => MethodId.ConnectionStartOk;

    public static ConnectionStartOk Read(scoped ref AmqpReader reader) =>
        new(reader.ReadTable(), reader.ReadShortString(), reader.ReadLongString().ToArray(), reader.ReadShortString());

    public int GetSize() =>
        ClientProperties.GetSize() + AmqpWriter.SizeOfShortString(Mechanism)
        + AmqpWriter.SizeOfLongString(Response) + AmqpWriter.SizeOfShortString(Locale);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteTable(ClientProperties);
        writer.WriteShortString(Mechanism);
        writer.WriteLongString(Response);
        writer.WriteShortString(Locale);
    }
}

/// <summary>Another question of the mechanism.</summary>
internal readonly record struct ConnectionSecure(byte[] Challenge) : IAmqpMethod<ConnectionSecure>
{
    public static MethodId Id => MethodId.ConnectionSecure;

    public static ConnectionSecure Read(scoped ref AmqpReader reader) => new(reader.ReadLongString().ToArray());

    public int GetSize() => AmqpWriter.SizeOfLongString(Challenge);

    public void Write(ref AmqpWriter writer) => writer.WriteLongString(Challenge);
}

/// <summary>The answer to the question.</summary>
internal readonly record struct ConnectionSecureOk(byte[] Response) : IAmqpMethod<ConnectionSecureOk>
{
    public static MethodId Id => MethodId.ConnectionSecureOk;

    public static ConnectionSecureOk Read(scoped ref AmqpReader reader) => new(reader.ReadLongString().ToArray());

    public int GetSize() => AmqpWriter.SizeOfLongString(Response);

    public void Write(ref AmqpWriter writer) => writer.WriteLongString(Response);
}

/// <summary>The limits the server proposes; 0 is none.</summary>
internal readonly record struct ConnectionTune(ushort ChannelMax, uint FrameMax, ushort Heartbeat) : IAmqpMethod<ConnectionTune>
{
    public static MethodId Id => MethodId.ConnectionTune;

    public static ConnectionTune Read(scoped ref AmqpReader reader) => new(reader.ReadUInt16(), reader.ReadUInt32(), reader.ReadUInt16());

    public int GetSize() => 8;

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(ChannelMax);
        writer.WriteUInt32(FrameMax);
        writer.WriteUInt16(Heartbeat);
    }
}

/// <summary>The limits the client has chosen; 0 is none.</summary>
internal readonly record struct ConnectionTuneOk(ushort ChannelMax, uint FrameMax, ushort Heartbeat) : IAmqpMethod<ConnectionTuneOk>
{
    public static MethodId Id => MethodId.ConnectionTuneOk;

    public static ConnectionTuneOk Read(scoped ref AmqpReader reader) => new(reader.ReadUInt16(), reader.ReadUInt32(), reader.ReadUInt16());

    public int GetSize() => 8;

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16(ChannelMax);
        writer.WriteUInt32(FrameMax);
        writer.WriteUInt16(Heartbeat);
    }
}

/// <summary>Asks for a virtual host.</summary>
internal readonly record struct ConnectionOpen(string VirtualHost) : IAmqpMethod<ConnectionOpen>
{
    public static MethodId Id => MethodId.ConnectionOpen;

    public static ConnectionOpen Read(scoped ref AmqpReader reader)
    {
        var virtualHost = reader.ReadShortString();
        reader.ReadShortString();
        reader.ReadByte();
        return new ConnectionOpen(virtualHost);
    }

    public int GetSize() => 2 + AmqpWriter.SizeOfShortString(VirtualHost);

    public void Write(ref AmqpWriter writer)
    {
        writer.WriteShortString(VirtualHost);
        writer.WriteByte(0);
        writer.WriteByte(0);
    }
}

/// <summary>The virtual host is open.</summary>
internal readonly record struct ConnectionOpenOk : IAmqpMethod<ConnectionOpenOk>
{
    public static MethodId Id => MethodId.ConnectionOpenOk;

    public static ConnectionOpenOk Read(scoped ref AmqpReader reader)
    {
        reader.ReadShortString();
        return default;
    }

    public int GetSize() => 1;

    public void Write(ref AmqpWriter writer) => writer.WriteByte(0);
}
