using Warren.Coordinator.Storage;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>The store in memory, which tests of what rests on it use.</summary>
public sealed class SqliteMemoryJobStoreTests : JobStoreSuite
{
    private protected override Task<IJobStore> NewStoreAsync() => Task.FromResult(StoreAddress.Parse("sqlite::memory:").Create(TimeProvider.System));
}
