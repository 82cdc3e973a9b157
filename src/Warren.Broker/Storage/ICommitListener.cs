namespace Warren.Broker.Storage;

/// <summary>Is told when what it waits for has become durable. It is called on the log's writer thread, which it must not hold up.</summary>
internal interface ICommitListener
{
    /// <summary>Everything up to and including this log position is durable.</summary>
    void Committed(long durableLsn);

    /// <summary>
    /// What was appended after <see cref="MessageStore.DurableLsn"/> up to and including this position was not made durable when it
    /// should have been. It must not be confirmed, though it may still be found after a restart.
    /// </summary>
    void Failed(long failedLsn, StorageException error);
}
