using Warren.Coordinator.Storage;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>Addresses of stores: what is understood, and what is said of what is not.</summary>
public class StoreAddressTests
{
    [Theory]
    [InlineData("sqlite::memory:", "SQLite in memory")]
    [InlineData("sqlite:/var/lib/warren.db", "SQLite /var/lib/warren.db")]
    [InlineData(" SQLite:///var/lib/warren.db ", "SQLite /var/lib/warren.db")]
    [InlineData("postgres://ann:secret@db.example:6543/jobs", "PostgreSQL db.example:6543/jobs")]
    [InlineData("postgresql://db.example/jobs", "PostgreSQL db.example:5432/jobs")]
    [InlineData("postgres://ann:s%40c%2Fret@[::1]:6543/my%20jobs?sslmode=verify-full&connect_timeout=3&application_name=x", "PostgreSQL ::1:6543/my jobs")]
    [InlineData("postgres://ann@[::1]/jobs", "PostgreSQL ::1:5432/jobs")]
    [InlineData("postgres://a:1,b:2/jobs", "PostgreSQL a:1,b:2/jobs")]
    [InlineData("postgres:///jobs?host=/run/postgresql&user=ann", "PostgreSQL /run/postgresql:5432/jobs")]
    [InlineData("postgres://ann@db", "PostgreSQL db:5432/ann")]
    [InlineData("Host=db;Username=ann;Password=secret;Database=jobs", "PostgreSQL db:5432/jobs")]
    [InlineData("Server=db;Port=1;User Id=ann;Database=jobs", "PostgreSQL db:1/jobs")]
    public async Task An_address_is_understood_and_described_without_its_password(string text, string description)
    {
        await using var store = StoreAddress.Parse(text).Create(TimeProvider.System);

        Assert.Equal(description, store.Description);
    }

    [Fact]
    public async Task A_path_is_taken_from_where_the_process_is()
    {
        await using var store = StoreAddress.Parse("sqlite:some/warren.db").Create(TimeProvider.System);

        Assert.Equal($"SQLite {Path.GetFullPath("some/warren.db")}", store.Description);
        Assert.True(StoreAddress.Parse("sqlite:x").IsSqlite);
        Assert.False(StoreAddress.Parse("postgres://x").IsSqlite);
    }

    [Theory]
    [InlineData("", "'' is no store; expected sqlite:PATH")]
    [InlineData("warren.db", "'warren.db' is no store; expected sqlite:PATH")]
    [InlineData("sqlite:", "names no file")]
    [InlineData("mysql://ann:secret@db/jobs", "'mysql://…' is of no kind that is known; expected sqlite:PATH")]
    [InlineData("postgres://", "names no host")]
    [InlineData("postgres:///jobs", "names no host")]
    [InlineData("Database=jobs;Password=secret", "names no host")]
    [InlineData("postgres://db:x/jobs", "port is 'x'; a number from 1 to 65535")]
    [InlineData("postgres://db:70000/jobs", "port is '70000'")]
    [InlineData("postgres://ann@db/jobs?colour=secret", "parameter colour is not understood")]
    [InlineData("postgres://ann@db/jobs?connect_timeout=secret", "parameter connect_timeout is not understood")]
    [InlineData("postgres://ann@db/jobs?sslmode=secret", "parameter sslmode is not understood")]
    [InlineData("Colour=secret", "no connection string of Npgsql")]
    [InlineData("Host=db;Port=secret", "no connection string of Npgsql")]
    public void An_address_that_is_not_understood_is_told_without_its_password(string text, string expected)
    {
        var error = Assert.Throws<FormatException>(() => StoreAddress.Parse(text));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }
}
