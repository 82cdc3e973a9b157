using Warren.Broker.Protocol;
using Warren.Broker.Storage;

namespace Warren.Broker.Queues;

/// <summary>What the log keeps of a message beside its properties and body: where it was published, and what queues need to know of it.</summary>
internal static class StoredFacts
{
    private const byte Persistent = 1;
    private const byte HasTimeToLive = 2;

    /// <summary>Bytes it takes.</summary>
    public static int GetSize(Message message) =>
        1 + 1 + sizeof(int) + sizeof(long) + sizeof(long) + sizeof(ushort) + AmqpWriter.SizeOfShortString(message.Exchange) +
        AmqpWriter.SizeOfShortString(message.RoutingKey) + (message.MoreKeys.Length == 0 ? 0 : message.MoreKeys.Sum(AmqpWriter.SizeOfShortString));

    /// <summary>Writes it.</summary>
    public static void Write(Span<byte> output, Message message)
    {
        var writer = new AmqpWriter(output);
        writer.WriteByte((byte)((message.IsPersistent ? Persistent : 0) | (message.TimeToLive is null ? 0 : HasTimeToLive)));
        writer.WriteByte(message.Priority);
        writer.WriteUInt32((uint)message.PropertiesLength);
        writer.WriteInt64(message.TimeToLive ?? 0);
        writer.WriteInt64(message.EnqueuedAt);
        writer.WriteShortString(message.Exchange);
        writer.WriteShortString(message.RoutingKey);
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
        var more = new string[reader.ReadUInt16()];
        for (var i = 0; i < more.Length; i++)
            more[i] = reader.ReadShortString();
        return new(exchange, key, propertiesLength, stored.BodyLength, stored)
        {
            IsPersistent = (flags & Persistent) != 0,
            Priority = priority,
            TimeToLive = (flags & HasTimeToLive) != 0 ? ttl : null,
            EnqueuedAt = enqueuedAt,
            MoreKeys = more,
        };
    }
}
