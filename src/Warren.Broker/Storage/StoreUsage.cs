namespace Warren.Broker.Storage;

/// <summary>How much the log holds: files, bytes of records, bytes of live messages among them, and bytes that are not durable yet.</summary>
internal readonly record struct StoreUsage(int Segments, long LogBytes, long LiveBytes, long PendingBytes);
