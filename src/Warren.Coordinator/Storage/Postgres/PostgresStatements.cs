using Npgsql;
using NpgsqlTypes;
using Warren.Jobs;

namespace Warren.Coordinator.Storage.Postgres;

/// <summary>Statements that go to the server together, in one round trip; outside of an open transaction they are one.</summary>
internal sealed class PostgresStatements(NpgsqlConnection connection) : IAsyncDisposable
{
    private readonly NpgsqlBatch _batch = new(connection);

    /// <summary>Adds a statement; its parameters are <c>$1</c> and on. Collections are arrays.</summary>
    public PostgresStatements Add(string sql, params ReadOnlySpan<object?> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(Parameter(value));
        _batch.BatchCommands.Add(command);
        return this;
    }

    /// <summary>Runs the statements; none of them gives rows.</summary>
    /// <returns>How many rows they changed in all.</returns>
    public Task<int> RunAsync(CancellationToken cancellationToken) => _batch.ExecuteNonQueryAsync(cancellationToken);

    /// <summary>Runs the statements; rows are read result by result, of those statements that give some.</summary>
    public Task<NpgsqlDataReader> ReadAsync(CancellationToken cancellationToken) => _batch.ExecuteReaderAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _batch.DisposeAsync();

    // Types are always told: the server would have to guess that of null, and of an array of nulls.
    private static NpgsqlParameter Parameter(object? value) => value switch
    {
        JobId id => Of(NpgsqlDbType.Uuid, id.Value),
        JobState state => Of(NpgsqlDbType.Text, StateNames.Of(state)),
        string text => Of(NpgsqlDbType.Text, StoredText.Write(text)),
        int number => Of(NpgsqlDbType.Integer, number),
        long number => Of(NpgsqlDbType.Bigint, number),
        DateTimeOffset time => Of(NpgsqlDbType.TimestampTz, time.UtcDateTime),
        ReadOnlyMemory<byte> bytes => Of(NpgsqlDbType.Bytea, bytes),
        IEnumerable<JobId> ids => Of(NpgsqlDbType.Array | NpgsqlDbType.Uuid, ids.Select(id => id.Value).ToArray()),
        IEnumerable<JobState> states => Of(NpgsqlDbType.Array | NpgsqlDbType.Text, states.Select(StateNames.Of).ToArray()),
        IEnumerable<string?> texts => Of(NpgsqlDbType.Array | NpgsqlDbType.Text, texts.Select(text => text is null ? null : StoredText.Write(text)).ToArray()),
        IEnumerable<int> numbers => Of(NpgsqlDbType.Array | NpgsqlDbType.Integer, numbers.ToArray()),
        IEnumerable<long> numbers => Of(NpgsqlDbType.Array | NpgsqlDbType.Bigint, numbers.ToArray()),
        IEnumerable<bool> flags => Of(NpgsqlDbType.Array | NpgsqlDbType.Boolean, flags.ToArray()),
        IEnumerable<double> numbers => Of(NpgsqlDbType.Array | NpgsqlDbType.Double, numbers.ToArray()),
        IEnumerable<DateTimeOffset> times => Of(NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, times.Select(time => time.UtcDateTime).ToArray()),
        IEnumerable<DateTimeOffset?> times => Of(NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, times.Select(time => time?.UtcDateTime).ToArray()),
        IEnumerable<ReadOnlyMemory<byte>> bodies => Of(NpgsqlDbType.Array | NpgsqlDbType.Bytea, bodies.Select(body => body.ToArray()).ToArray()),
        IEnumerable<ReadOnlyMemory<byte>?> bodies => Of(NpgsqlDbType.Array | NpgsqlDbType.Bytea, bodies.Select(body => body?.ToArray()).ToArray()),
        null => Of(NpgsqlDbType.Text, DBNull.Value),
        _ => throw new ArgumentException($"A value of {value.GetType()} has no type in PostgreSQL here.", nameof(value)),
    };

    private static NpgsqlParameter Of(NpgsqlDbType type, object value) => new() { NpgsqlDbType = type, Value = value };
}
