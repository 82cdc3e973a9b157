namespace Warren.Broker.Storage;

/// <summary>What an operation of a record does; the numbers are on disks.</summary>
internal enum OperationKind : byte
{
    PutDefinition = 1,
    RemoveDefinition = 2,
    SnapshotDefinition = 3,
    SnapshotEnd = 4,
    Enqueue = 5,
    Remove = 6,
    RemoveRange = 7,
    DropQueue = 8,
    Delivered = 9,
    CleanEnd = 10,
}
