using Warren.TestKit;

namespace Warren.Coordinator.Tests;

/// <summary>Lives of jobs in SQLite.</summary>
public sealed class JobLifeInSqliteTests : JobLifeSuite
{
    private protected override Task<string?> StoreAsync() => Task.FromResult<string?>(null);
}

/// <summary>Lives of jobs in PostgreSQL.</summary>
[Trait("Category", "Service")]
public sealed class JobLifeInPostgresTests(PostgresFixture postgres) : JobLifeSuite
{
    private protected override async Task<string?> StoreAsync() => await postgres.NewDatabaseAsync();
}
