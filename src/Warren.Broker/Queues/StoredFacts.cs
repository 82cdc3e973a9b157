using Warren.Broker.Protocol;
using Warren.Broker.Storage;

namespace Warren.Broker.Queues;

/// <summary>What the log keeps of a message beside its properties and body: where it was published, and what queues need to know of it.</summary>
internal static class StoredFacts
{
    private const byte Persistent = 1;
    private const byte HasTimeToLive = 2;
    // Keys from CC and BCC are long strings, and there may be any number of them.
    private const byte HasLongKeys = 4;

    /// <summary>Bytes it takes.</summary>
    public static int GetSize(Message message) =>
        1 + 1 + sizeof(int) + sizeof(long) + sizeof(long) + AmqpWriter.SizeOfShortString(message.Exchange) +
        AmqpWriter.SizeOfShortString(message.RoutingKey) + SizeOfKeys(message.MoreKeys);

    /// <summary>Writes it.</summary>
    public static void Write(Span<byte> output, Message message)
    {
        var hasLongKeys = HasLong(message.MoreKeys);
        var writer = new AmqpWriter(output);
        writer.WriteByte((byte)((message.IsPersistent ? Persistent : 0) | (message.TimeToLive is null ? 0 : HasTimeToLive) | (hasLongKeys ? HasLongKeys : 0)));
        writer.WriteByte(message.Priority);
        writer.WriteUInt32((uint)message.PropertiesLength);
        writer.WriteInt64(message.TimeToLive ?? 0);
        writer.WriteInt64(message.EnqueuedAt);
        writer.WriteShortString(message.Exchange);
        writer.WriteShortString(message.RoutingKey);
        if (hasLongKeys)
        {
            writer.WriteUInt32((uint)message.MoreKeys.Length);
            foreach (var key in message.MoreKeys)
                writer.WriteLongString(OctetsOf(key));
            return;
        }

        writer.WriteUInt16((ushort)message.MoreKeys.Length);
        foreach (var key in message.MoreKeys)
            writer.WriteShortString(key);
    }

    /// <summary>Reads it, as a message whose content is still on disk.</summary>
    public static Message Read(ReadOnlySpan<byte> metadata, StoredMessage stored)
    {
        var reader = new AmqpReader(metadata);
        var flags = reader.ReadByte();
        var priority = reader.ReadByte();
        var propertiesLength = (int)reader.ReadUInt32();
        var ttl = reader.ReadInt64();
        var enqueuedAt = reader.ReadInt64();
        var exchange = reader.ReadShortString();
        var key = reader.ReadShortString();
        var more = new string[(flags & HasLongKeys) != 0 ? (int)reader.ReadUInt32() : reader.ReadUInt16()];
        for (var i = 0; i < more.Length; i++)
            more[i] = (flags & HasLongKeys) != 0 ? WireText.Decode(reader.ReadLongString()) : reader.ReadShortString();
        return new(exchange, key, propertiesLength, stored.BodyLength, stored)
        {
            IsPersistent = (flags & Persistent) != 0,
            Priority = priority,
            TimeToLive = (flags & HasTimeToLive) != 0 ? ttl : null,
            EnqueuedAt = enqueuedAt,
            MoreKeys = more,
        };
    }

    private static int SizeOfKeys(string[] keys)
    {
        if (HasLong(keys))
            return sizeof(uint) + keys.Sum(key => sizeof(uint) + WireText.GetSize(key));
        var size = sizeof(ushort);
        foreach (var key in keys)
            size += AmqpWriter.SizeOfShortString(key);
        return size;
    }

    private static byte[] OctetsOf(string key)
    {
        var octets = new byte[WireText.GetSize(key)];
        WireText.Encode(key, octets);
        return octets;
    }

    private static bool HasLong(string[] keys)
    {
        if (keys.Length > ushort.MaxValue)
            return true;
        foreach (var key in keys)
        {
            if (WireText.GetSize(key) > AmqpWriter.MaxShortString)
                return true;
        }

        return false;
    }
}
