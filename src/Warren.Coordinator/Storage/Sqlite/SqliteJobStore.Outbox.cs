namespace Warren.Coordinator.Storage.Sqlite;

internal sealed partial class SqliteJobStore
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<OutboxMessage>> TakeMessagesAsync(string taker, int limit, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<OutboxMessage>>(
            database =>
            {
                var messages = database.Read(
                    """
                    SELECT id, job_id, exchange, routing_key, message_id, attempt, body, content_type, correlation_id, headers
                    FROM outbox INDEXED BY outbox_of_nobody
                    WHERE taker IS NULL
                        AND NOT EXISTS (SELECT 1 FROM outbox AS older INDEXED BY outbox_by_job WHERE older.job_id = outbox.job_id AND older.id < outbox.id)
                    ORDER BY id LIMIT $1
                    """,
                    ReadMessage,
                    limit);
                foreach (var message in messages)
                    database.Run("UPDATE outbox SET taker = $2 WHERE id = $1", message.Id, taker);
                return messages;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task DeleteMessagesAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken) => WriteAsync(
        database => ids.Sum(id => database.Run("DELETE FROM outbox WHERE id = $1", id)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<int> ReleaseMessagesAsync(string? taker, CancellationToken cancellationToken) => WriteAsync(
        database => taker is null
            ? database.Run("UPDATE outbox SET taker = NULL WHERE taker IS NOT NULL")
            : database.Run("UPDATE outbox SET taker = NULL WHERE taker = $1", taker),
        cancellationToken);

    /// <inheritdoc/>
    public Task<OutboxCount> CountMessagesAsync(CancellationToken cancellationToken) => ReadAsync(
        database => database.First(
            "SELECT count(*), (SELECT created_at FROM outbox ORDER BY id LIMIT 1) FROM outbox",
            row => new OutboxCount(row.GetInt64(0), row.TimeOrNull(1)))!,
        cancellationToken);

    private static OutboxMessage WriteMessage(SqliteDatabase database, OutboxMessage message, string? taker, DateTimeOffset now)
    {
        database.Run(
            """
            INSERT INTO outbox (job_id, exchange, routing_key, message_id, attempt, body, content_type, correlation_id, headers, taker, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            message.Job, message.Exchange, message.RoutingKey, message.MessageId, message.Attempt, message.Body, message.ContentType,
            message.CorrelationId, message.Headers, taker, now);
        return message with { Id = database.LastId };
    }

    private static OutboxMessage ReadMessage(SqliteStatement row) => new()
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
