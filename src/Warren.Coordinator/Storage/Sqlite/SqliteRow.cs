using System.Text.Json;
using Warren.Jobs;

namespace Warren.Coordinator.Storage.Sqlite;

/// <summary>What stands in the columns of a row.</summary>
internal static class SqliteRow
{
    /// <summary>The columns of a job, in the order in which <see cref="Job"/> reads them; from <c>jobs LEFT JOIN checkpoints</c>.</summary>
    public const string JobColumns =
        """
        jobs.id, kind, state, lane, owner, contract, external_id, notes, callback_url, attempt, max_attempts, granted, session, worker, started,
        folded_seq, held_reports, event_number, progress, metrics, cancel_requested, spent_error, spent_timeout, spent_crash, spent_throttled,
        error, usage, created_at, run_at, deadline, started_at, ended_at, published_at, keep_until, checkpoints.body
        """;

    /// <summary>A time as it is stored.</summary>
    public static long Microseconds(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>The id in a column.</summary>
    public static JobId Id(this SqliteStatement row, int column) => new(new Guid(row.GetBytes(column), bigEndian: true));

    /// <summary>The state in a column.</summary>
    public static JobState State(this SqliteStatement row, int column) => StateNames.Parse(row.GetString(column));

    /// <summary>The text in a column.</summary>
    public static string Text(this SqliteStatement row, int column) => StoredText.Read(row.GetString(column));

    /// <summary>The text in a column, or null.</summary>
    public static string? TextOrNull(this SqliteStatement row, int column) => row.IsDBNull(column) ? null : row.Text(column);

    /// <summary>The bytes in a column.</summary>
    public static byte[] Bytes(this SqliteStatement row, int column) => row.GetBytes(column).ToArray();

    /// <summary>The time in a column.</summary>
    public static DateTimeOffset Time(this SqliteStatement row, int column) =>
        DateTimeOffset.UnixEpoch.AddTicks(row.GetInt64(column) * TimeSpan.TicksPerMicrosecond);

    /// <summary>The time in a column, or null.</summary>
    public static DateTimeOffset? TimeOrNull(this SqliteStatement row, int column) => row.IsDBNull(column) ? null : row.Time(column);

    /// <summary>A job.</summary>
    public static JobRecord Job(SqliteStatement row) => new()
    {
        Id = row.Id(0),
        Kind = row.Text(1),
        State = row.State(2),
        Lane = row.TextOrNull(3),
        Owner = row.TextOrNull(4),
        Contract = row.TextOrNull(5),
        ExternalId = row.TextOrNull(6),
        Notes = row.TextOrNull(7),
        CallbackUrl = row.TextOrNull(8),
        Attempt = row.GetInt32(9),
        MaxAttempts = row.GetInt32(10),
        Granted = row.GetInt32(11),
        Session = row.TextOrNull(12),
        Worker = row.TextOrNull(13),
        Started = row.GetBoolean(14),
        FoldedSeq = row.GetInt32(15),
        HeldReports = row.GetInt32(16),
        EventNumber = row.GetInt64(17),
        Progress = row.GetDouble(18),
        Metrics = row.TextOrNull(19),
        CancelRequested = row.GetBoolean(20),
        Spent = new(row.GetInt32(21), row.GetInt32(22), row.GetInt32(23), row.GetInt32(24)),
        Error = row.Json<JobError>(25),
        Usage = row.Json<TokenUsage>(26),
        CreatedAt = row.Time(27),
        RunAt = row.TimeOrNull(28),
        Deadline = row.TimeOrNull(29),
        StartedAt = row.TimeOrNull(30),
        EndedAt = row.TimeOrNull(31),
        PublishedAt = row.TimeOrNull(32),
        KeepUntil = row.TimeOrNull(33),
        Checkpoint = row.TextOrNull(34),
    };

    /// <summary>A value as JSON for a column, or null.</summary>
    public static string? Json<T>(T? value)
        where T : class => value is null ? null : JsonSerializer.Serialize(value, JobJson.Options);

    private static T? Json<T>(this SqliteStatement row, int column)
        where T : class => row.IsDBNull(column) ? null : JsonSerializer.Deserialize<T>(row.Text(column), JobJson.Options);
}
