namespace Warren.Broker.Storage;

/// <summary>Why publishers have to be held back; the more serious kinds come last.</summary>
internal enum StoreAlarmKind
{
    /// <summary>The disk has less free space than <see cref="StoreOptions.DiskFreeLimit"/>.</summary>
    DiskFreeLow,

    /// <summary>There is no file for the next segment and none could be made, for want of space or otherwise. What fits in this one is still stored.</summary>
    NextSegmentMissing,

    /// <summary>A write failed, for want of space or otherwise; it is tried again until it works, and nothing is confirmed until then.</summary>
    WriteFailed,

    /// <summary>The disk refused to make writes durable; what it refused is written to another file.</summary>
    SyncFailed,
}

/// <summary>An alarm that stands, with a sentence for the log and for operators.</summary>
internal sealed record StoreAlarm(StoreAlarmKind Kind, string Text);
