using Warren.Coordinator.Storage;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>How a store behaves: what is here holds for each of them. The parts are by what a store keeps.</summary>
public abstract partial class JobStoreSuite : IAsyncLifetime
{
    private IJobStore? _store;

    private protected IJobStore Store => _store!;

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await NewStoreAsync();
        await _store.OpenAsync(Cancel);
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>An empty store, not yet opened.</summary>
    private protected abstract Task<IJobStore> NewStoreAsync();
}
