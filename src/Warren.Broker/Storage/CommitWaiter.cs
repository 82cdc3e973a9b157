namespace Warren.Broker.Storage;

/// <summary>One task that waits for a log position.</summary>
internal sealed class CommitWaiter(long lsn) : ICommitListener
{
    private readonly TaskCompletionSource _durable = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the position is durable, and fails when it could not be made so.</summary>
    public Task Durable => _durable.Task;

    /// <inheritdoc/>
    public void Committed(long durableLsn)
    {
        if (durableLsn >= lsn)
            _durable.TrySetResult();
    }

    /// <inheritdoc/>
    public void Failed(long failedLsn, StorageException error)
    {
        if (failedLsn >= lsn)
            _durable.TrySetException(error);
    }
}
