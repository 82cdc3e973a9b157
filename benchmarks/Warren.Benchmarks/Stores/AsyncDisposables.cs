namespace Warren.Benchmarks.Stores;

/// <summary>What has to be closed in the end, the last first.</summary>
internal sealed class AsyncDisposables : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> _ends = [];

    /// <summary>Disposes it in the end.</summary>
    public T Add<T>(T one)
        where T : IAsyncDisposable
    {
        _ends.Push(one.DisposeAsync);
        return one;
    }

    /// <summary>Does it in the end.</summary>
    public void Add(Action end) => _ends.Push(() =>
    {
        end();
        return ValueTask.CompletedTask;
    });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (_ends.TryPop(out var end))
            await end();
    }
}
