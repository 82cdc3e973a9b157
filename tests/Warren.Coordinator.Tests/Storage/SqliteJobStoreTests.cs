using Warren.Coordinator.Storage;
using Warren.Coordinator.Storage.Sqlite;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>The store in a SQLite file.</summary>
public sealed class SqliteJobStoreTests : JobStoreSuite
{
    private readonly string _directory = Directory.CreateTempSubdirectory("warren-store-").FullName;

    private string Path => System.IO.Path.Combine(_directory, "warren.db");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private protected override Task<IJobStore> NewStoreAsync() => Task.FromResult<IJobStore>(new SqliteJobStore(Path, TimeProvider.System));
}
