using Npgsql;

namespace Warren.Coordinator.Storage.Postgres;

internal sealed partial class PostgresJobStore
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<OutboxMessage>> TakeMessagesAsync(string taker, int limit, CancellationToken cancellationToken)
    {
        var messages = await ReadAsync(
            ReadMessage,
            """
            UPDATE warren.outbox SET taker = $1
            WHERE id = ANY(ARRAY(
                SELECT id FROM warren.outbox AS free
                WHERE taker IS NULL
                    AND NOT EXISTS (SELECT 1 FROM warren.outbox AS older WHERE older.job_id = free.job_id AND older.id < free.id)
                ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED))
            RETURNING id, job_id, exchange, routing_key, message_id, attempt, body, content_type, correlation_id, headers
            """,
            [taker, limit],
            cancellationToken);
        messages.Sort((left, right) => left.Id.CompareTo(right.Id));
        return messages;
    }

    /// <inheritdoc/>
    public Task DeleteMessagesAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken) =>
        ids.Count == 0 ? Task.CompletedTask : WriteAsync("DELETE FROM warren.outbox WHERE id = ANY($1)", [ids], cancellationToken);

    /// <inheritdoc/>
    public Task<int> ReleaseMessagesAsync(string? taker, CancellationToken cancellationToken) => taker is null
        ? WriteAsync("UPDATE warren.outbox SET taker = NULL WHERE taker IS NOT NULL", [], cancellationToken)
        : WriteAsync("UPDATE warren.outbox SET taker = NULL WHERE taker = $1", [taker], cancellationToken);

    /// <inheritdoc/>
    public async Task<OutboxCount> CountMessagesAsync(CancellationToken cancellationToken) => (await FirstAsync(
        row => new OutboxCount(row.GetInt64(0), row.TimeOrNull(1)),
        "SELECT count(*), (SELECT created_at FROM warren.outbox ORDER BY id LIMIT 1) FROM warren.outbox",
        [],
        cancellationToken))!;

    private static OutboxMessage ReadMessage(NpgsqlDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Job = row.Id(1),
        Exchange = row.Text(2),
        RoutingKey = row.Text(3),
        MessageId = row.Text(4),
        Attempt = row.GetInt32(5),
        Body = row.IsDBNull(6) ? (ReadOnlyMemory<byte>?)null : row.Bytes(6),
        ContentType = row.Text(7),
        CorrelationId = row.TextOrNull(8),
        Headers = row.TextOrNull(9),
    };
}
