using System.Buffers.Binary;

namespace Warren.Broker.Storage;

/// <summary>One operation as it stands in a record: its kind, and its fields at offsets the kind decides.</summary>
internal readonly ref struct Operation
{
    /// <summary>Bytes of an enqueue before its places: kind, their number, and the lengths of metadata, properties and body.</summary>
    public const int EnqueueHead = 17;

    private readonly ReadOnlySpan<byte> _bytes;

    private Operation(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>What it does.</summary>
    public OperationKind Kind => (OperationKind)_bytes[0];

    /// <summary>All its bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The queue of a removal, a drop or a delivery.</summary>
    public long QueueId => Int64At(1);

    /// <summary>The position of a removal or a delivery, and the first of a range.</summary>
    public long Position => Int64At(9);

    /// <summary>The last position of a range.</summary>
    public long LastPosition => Int64At(17);

    /// <summary>The count of a delivery.</summary>
    public int DeliveryCount => (int)Int64At(17);

    /// <summary>How many definitions a snapshot has.</summary>
    public int SnapshotCount => Int32At(1);

    /// <summary>The key of a definition.</summary>
    public ReadOnlySpan<byte> Key => Kind == OperationKind.RemoveDefinition ? _bytes[5..] : _bytes.Slice(9, Int32At(1));

    /// <summary>The value of a definition.</summary>
    public ReadOnlySpan<byte> Value => _bytes[(9 + Int32At(1))..];

    /// <summary>How many queues a message is put into.</summary>
    public int PlaceCount => Int32At(1);

    /// <summary>The bytes of the metadata.</summary>
    public int MetadataLength => Int32At(5);

    /// <summary>The bytes of the properties.</summary>
    public int PropertiesLength => Int32At(9);

    /// <summary>The bytes of the body.</summary>
    public int BodyLength => Int32At(13);

    /// <summary>Where the metadata begins; properties and body follow.</summary>
    public int ContentAt => EnqueueHead + PlaceCount * Place.Size;

    /// <summary>One of the queues a message is put into.</summary>
    public Place PlaceAt(int index)
    {
        var at = EnqueueHead + index * Place.Size;
        return Place.FromEncoded(Int64At(at), Int64At(at + 8), Int32At(at + 16));
    }

    /// <summary>Reads the operation these bytes begin with; false when they are none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Operation operation)
    {
        operation = default;
        if (SizeOf(bytes) is not { } size || size > bytes.Length)
            return false;
        operation = new(bytes[..(int)size]);
        return true;
    }

    /// <summary>Whether a record's bytes are operations from the first to the last.</summary>
    public static bool AreWhole(ReadOnlySpan<byte> operations)
    {
        while (operations.Length > 0)
        {
            if (!TryRead(operations, out var operation))
                return false;
            operations = operations[operation.Bytes.Length..];
        }
        return true;
    }

    /// <summary>Writes the head of an enqueue.</summary>
    public static void WriteEnqueueHead(Span<byte> bytes, int places, int metadataLength, int propertiesLength, int bodyLength)
    {
        bytes[0] = (byte)OperationKind.Enqueue;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], places);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[5..], metadataLength);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[9..], propertiesLength);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[13..], bodyLength);
    }

    /// <summary>Writes a place of an enqueue.</summary>
    public static void WritePlace(Span<byte> bytes, Place place)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes, place.QueueId);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], place.Position);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], place.EncodedDeliveries);
    }

    /// <summary>Appends a definition.</summary>
    public static void WriteDefinition(LogChunk chunk, OperationKind kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var bytes = chunk.Extend(9 + key.Length + value.Length);
        bytes[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], key.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[5..], value.Length);
        key.CopyTo(bytes[9..]);
        value.CopyTo(bytes[(9 + key.Length)..]);
    }

    /// <summary>Appends the removal of a definition.</summary>
    public static void WriteRemoveDefinition(LogChunk chunk, ReadOnlySpan<byte> key)
    {
        var bytes = chunk.Extend(5 + key.Length);
        bytes[0] = (byte)OperationKind.RemoveDefinition;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], key.Length);
        key.CopyTo(bytes[5..]);
    }

    /// <summary>Appends the end of a snapshot.</summary>
    public static void WriteSnapshotEnd(LogChunk chunk, int count)
    {
        var bytes = chunk.Extend(5);
        bytes[0] = (byte)OperationKind.SnapshotEnd;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], count);
    }

    /// <summary>Appends an operation that is a few numbers.</summary>
    public static void WriteNumbers(LogChunk chunk, OperationKind kind, params ReadOnlySpan<long> numbers)
    {
        var bytes = chunk.Extend(1 + numbers.Length * sizeof(long));
        bytes[0] = (byte)kind;
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes[(1 + i * sizeof(long))..], numbers[i]);
    }

    private static long? SizeOf(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? null : (OperationKind)bytes[0] switch
    {
        OperationKind.PutDefinition or OperationKind.SnapshotDefinition => Lengths(bytes, 2) + 9,
        OperationKind.RemoveDefinition => Lengths(bytes, 1) + 5,
        OperationKind.SnapshotEnd => 5,
        OperationKind.Enqueue => SizeOfEnqueue(bytes),
        OperationKind.Remove => 17,
        OperationKind.RemoveRange => 25,
        OperationKind.DropQueue => 9,
        OperationKind.Delivered => 25,
        OperationKind.CleanEnd => 1,
        _ => null,
    };

    private static long? SizeOfEnqueue(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < EnqueueHead || BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]) is not (>= 0 and var places))
            return null;
        return EnqueueHead + (long)places * Place.Size + Lengths(bytes[4..], 3);
    }

    // The sum of the lengths that follow the first byte, or null when one is missing or negative.
    private static long? Lengths(ReadOnlySpan<byte> bytes, int count)
    {
        if (bytes.Length < 1 + count * sizeof(int))
            return null;
        var sum = 0L;
        for (var i = 0; i < count; i++)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[(1 + i * sizeof(int))..]);
            if (length < 0)
                return null;
            sum += length;
        }
        return sum;
    }

    private long Int64At(int at) => BinaryPrimitives.ReadInt64LittleEndian(_bytes[at..]);

    private int Int32At(int at) => BinaryPrimitives.ReadInt32LittleEndian(_bytes[at..]);
}
