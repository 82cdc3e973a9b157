using System.Security.Cryptography;
using Npgsql;

namespace Warren.Coordinator.Storage.Postgres;

/// <summary>
/// Jobs in the schema <c>warren</c> of a PostgreSQL database, for any number of processes: rows are locked in the order of their ids, and
/// a transaction that lost a race is repeated.
/// </summary>
internal sealed partial class PostgresJobStore : IJobStore
{
    // Lost races end with somebody's progress; so many in a row are a fault.
    private const int Tries = 20;

    // Statements here are written for an index each, and read it in its order. A table that has just grown has old statistics, and a plan
    // made when it was small would read and sort all of it.
    private const string EachConnection =
        """
        SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
        SET default_transaction_isolation = 'read committed'
        """;

    private readonly NpgsqlDataSource _source;
    private readonly PostgresInserts _inserts;
    private readonly TimeProvider _time;

    /// <param name="address">Host, database, user and the rest.</param>
    /// <param name="time">The clock that is written beside messages.</param>
    public PostgresJobStore(NpgsqlConnectionStringBuilder address, TimeProvider time)
    {
        _time = time;
        _inserts = new(InsertTogetherAsync);
        var settings = new NpgsqlConnectionStringBuilder(address.ConnectionString)
        {
            // Nothing here changes a connection's settings after they were made.
            NoResetOnClose = true,
        };
        if (!IsSet(address, "Application Name"))
            settings.ApplicationName = "warren";
        if (!IsSet(address, "Maximum Pool Size"))
            settings.MaxPoolSize = 20;
        if (!IsSet(address, "Max Auto Prepare"))
            settings.MaxAutoPrepare = 100;

        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                using var command = new NpgsqlCommand(EachConnection, connection);
                command.ExecuteNonQuery();
            },
            async connection =>
            {
                await using var command = new NpgsqlCommand(EachConnection, connection);
                await command.ExecuteNonQueryAsync();
            });
        _source = builder.Build();
        var host = address.Host!.Contains(',', StringComparison.Ordinal) ? address.Host : $"{address.Host}:{address.Port}";
        Description = $"PostgreSQL {host}/{address.Database ?? address.Username}";
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(
                async connection =>
                {
                    await PostgresMigrations.ApplyAsync(connection, Description, _time, cancellationToken);
                    return 0;
                },
                cancellationToken);
        }
        catch (PostgresException error) when (PostgresErrors.IsRefused(error))
        {
            throw new StoreRefusedException($"{Description} refused: {error.MessageText} ({error.SqlState}).", error);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static bool IsSet(NpgsqlConnectionStringBuilder address, string keyword) =>
        address.Keys.Contains(keyword, StringComparer.OrdinalIgnoreCase);

    // Opens a connection and does the work, again and again while it loses races. A connection that is returned in the middle of a
    // transaction is rolled back by its pool.
    private async Task<T> RunAsync<T>(
        Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken, Func<Exception, bool>? isLostRace = null)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync(cancellationToken);
                return await work(connection);
            }
            catch (Exception error) when (tries < Tries && (PostgresErrors.IsLostRace(error) || isLostRace?.Invoke(error) == true))
            {
                // Whoever lost waits a little, and each a little differently.
                await Task.Delay(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(1, 5 * tries)), TimeProvider.System, cancellationToken);
            }
            catch (Exception error) when (PostgresErrors.IsUnavailable(error))
            {
                throw new StoreUnavailableException($"{Description} could not be reached: {error.Message}", error);
            }
        }
    }

    private Task<int> WriteAsync(string sql, object?[] values, CancellationToken cancellationToken) => RunAsync(
        async connection =>
        {
            await using var statements = new PostgresStatements(connection);
            return await statements.Add(sql, values).RunAsync(cancellationToken);
        },
        cancellationToken);

    private Task<List<T>> ReadAsync<T>(Func<NpgsqlDataReader, T> row, string sql, object?[] values, CancellationToken cancellationToken) => RunAsync(
        async connection =>
        {
            await using var statements = new PostgresStatements(connection);
            await using var reader = await statements.Add(sql, values).ReadAsync(cancellationToken);
            return await reader.RestAsync(row, cancellationToken);
        },
        cancellationToken);

    private async Task<T?> FirstAsync<T>(Func<NpgsqlDataReader, T> row, string sql, object?[] values, CancellationToken cancellationToken) =>
        (await ReadAsync(row, sql, values, cancellationToken)) is [var first, ..] ? first : default;
}
