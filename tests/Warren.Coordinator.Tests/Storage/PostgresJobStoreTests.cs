using Warren.Coordinator.Storage;
using Warren.TestKit;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>The store in PostgreSQL.</summary>
[Trait("Category", "Service")]
public sealed class PostgresJobStoreTests(PostgresFixture postgres) : JobStoreSuite
{
    private const string Database = "store_suite";

    private const string Empty =
        """
        DO $$ BEGIN
            EXECUTE (SELECT coalesce('TRUNCATE ' || string_agg('warren.' || quote_ident(tablename), ', '), 'SELECT 1')
                FROM pg_tables WHERE schemaname = 'warren' AND tablename <> 'migrations');
        END $$
        """;

    private static bool s_isThere;

    // One database for all, emptied for each, since the tests of a class run one after the other: making one takes longer than most tests.
    private protected override async Task<IJobStore> NewStoreAsync()
    {
        var server = await postgres.ServerAsync(Cancel);
        await server.SqlAsync(s_isThere ? Empty : $"CREATE DATABASE {Database}", s_isThere ? Database : "postgres", Cancel);
        s_isThere = true;
        return StoreAddress.Parse(server.Url(Database)).Create(TimeProvider.System);
    }
}
