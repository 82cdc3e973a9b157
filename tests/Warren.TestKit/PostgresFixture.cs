using Xunit;

namespace Warren.TestKit;

/// <summary>The PostgreSQL server of a test assembly: started by the first test that asks, shared by all, ended with the run.</summary>
/// <remarks>
/// Declare it once with <c>[assembly: AssemblyFixture(typeof(PostgresFixture))]</c> and take it in the constructors of test classes. A test
/// that stops the server starts one of its own.
/// </remarks>
public sealed class PostgresFixture : IAsyncLifetime
{
    private readonly SemaphoreSlim _starting = new(1, 1);
    private PostgresServer? _server;

    /// <summary>The server; the test is skipped, or failed on CI, when PostgreSQL is not installed.</summary>
    public async Task<PostgresServer> ServerAsync(CancellationToken cancellationToken = default)
    {
        await _starting.WaitAsync(cancellationToken);
        try
        {
            return _server ??= await PostgresServer.StartAsync(cancellationToken: cancellationToken);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>The URL of an empty database for one test or class.</summary>
    public async Task<string> NewDatabaseAsync(CancellationToken cancellationToken = default) =>
        await (await ServerAsync(cancellationToken)).NewDatabaseAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _starting.Dispose();
    }
}
