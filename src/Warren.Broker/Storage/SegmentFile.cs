namespace Warren.Broker.Storage;

/// <summary>A file that holds a segment, or held one and waits for another.</summary>
internal sealed record SegmentFile(string Path, ILogFile Content, long Size);
