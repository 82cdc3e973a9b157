using Warren.Coordinator.Storage;
using Warren.TestKit;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>The store in PostgreSQL.</summary>
[Trait("Category", "Service")]
public sealed class PostgresJobStoreTests(PostgresFixture postgres) : JobStoreSuite
{
    private protected override async Task<IJobStore> NewStoreAsync() =>
        StoreAddress.Parse(await postgres.NewDatabaseAsync(Cancel)).Create(TimeProvider.System);
}
