using Microsoft.Data.Sqlite;
using Warren.Coordinator.Storage.Sqlite;
using Warren.Jobs;

namespace Warren.Coordinator.Tests.Storage.Sqlite;

public sealed class SqliteDatabaseTests : IDisposable
{
    private readonly SqliteDatabase _database = SqliteDatabase.Open(":memory:", "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)");

    public void Dispose() => _database.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("short, with ü and 😀")]
    [InlineData("a NUL \0 within")]
    public void Text_comes_back_as_it_was(string text)
    {
        foreach (var written in (string[])[text, text + new string('ß', 2000)])
        {
            _database.Run("INSERT OR REPLACE INTO t (id, a) VALUES (1, $1)", written);

            Assert.Equal((written, false), _database.First("SELECT a FROM t", row => (row.Text(0), row.IsDBNull(0))));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Bytes_come_back_as_they_were_also_if_there_are_none(int length)
    {
        var written = new byte[length];
        Array.Fill(written, (byte)0xff);

        _database.Run("INSERT INTO t (a, b) VALUES ($1, $2)", new ReadOnlyMemory<byte>(written), null);

        Assert.Equal((false, true), _database.First("SELECT a, b FROM t", row => (row.IsDBNull(0), row.IsDBNull(1))));
        Assert.Equal(written, _database.First("SELECT a FROM t", row => row.Bytes(0)));
    }

    [Fact]
    public void Values_of_each_kind_come_back()
    {
        var (id, time) = (JobId.New(), new DateTimeOffset(2026, 11, 21, 12, 0, 0, 123, TimeSpan.FromHours(2)));

        Assert.Equal(id, _database.First("SELECT $1", row => row.Id(0), id));
        Assert.Equal(time, _database.First("SELECT $1", row => row.Time(0), time));
        Assert.Equal(JobState.Retrying, _database.First("SELECT $1", row => row.State(0), JobState.Retrying));
        Assert.Equal(long.MinValue, _database.First("SELECT $1", row => row.GetInt64(0), long.MinValue));
        Assert.Equal(-7, _database.First("SELECT $1", row => row.GetInt32(0), -7));
        Assert.Equal(0.1, _database.First("SELECT $1", row => row.GetDouble(0), 0.1));
        Assert.True(_database.First("SELECT $1", row => row.GetBoolean(0), true));
    }

    [Fact]
    public void Parameters_go_by_their_numbers_and_not_by_where_they_stand()
    {
        _database.Run("INSERT INTO t (a, b) VALUES ($2, $1)", "one", "two");

        Assert.Equal(["two one"], _database.Read("SELECT a || ' ' || b FROM t WHERE $2 = $2 AND b = $1", row => row.Text(0), "one", "two"));
    }

    [Fact]
    public void A_statement_that_failed_can_be_run_again()
    {
        _database.Run("INSERT INTO t (id) VALUES ($1)", 1);

        var error = Assert.Throws<SqliteException>(() => _database.Run("INSERT INTO t (id) VALUES ($1)", 1));

        Assert.Contains("UNIQUE", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, _database.Run("INSERT INTO t (id) VALUES ($1)", 2));
        Assert.Equal(2, _database.Run("DELETE FROM t"));
        Assert.False(_database.Any("SELECT 1 FROM t"));
    }

    [Fact]
    public void A_wrong_statement_is_told_in_SQLite_s_words() =>
        Assert.Contains("no such column", Assert.Throws<SqliteException>(() => _database.Run("SELECT missing FROM t")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_value_that_SQLite_does_not_have_is_refused() =>
        Assert.Contains("System.Guid", Assert.Throws<ArgumentException>(() => _database.Run("SELECT $1", Guid.Empty)).Message, StringComparison.Ordinal);
}
