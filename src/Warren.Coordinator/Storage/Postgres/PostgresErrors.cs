using System.Net.Sockets;
using Npgsql;

namespace Warren.Coordinator.Storage.Postgres;

/// <summary>What an error of PostgreSQL, or of the way to it, means to a caller.</summary>
internal static class PostgresErrors
{
    /// <summary>Whether the same transaction may succeed when it is repeated: it lost a race, and changed nothing.</summary>
    public static bool IsLostRace(Exception error) =>
        error is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>Whether a row that another transaction has just written stood in the way.</summary>
    public static bool IsDouble(Exception error) => error is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    /// <summary>Whether the server cannot be used now and may be in a moment: it stops, starts, is full, is a copy, or is not there.</summary>
    public static bool IsUnavailable(Exception error) => error switch
    {
        PostgresException { SqlState: var state } =>
            state is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
                or PostgresErrorCodes.ReadOnlySqlTransaction
            || state.StartsWith("08", StringComparison.Ordinal)
            || state.StartsWith("53", StringComparison.Ordinal)
            || state.StartsWith("58", StringComparison.Ordinal),
        NpgsqlException or SocketException or IOException or TimeoutException => true,
        _ => false,
    };

    /// <summary>Whether only a person can help: who is asking may not, or the database is not there.</summary>
    public static bool IsRefused(Exception error) => error is PostgresException { SqlState: var state }
        && (state.StartsWith("28", StringComparison.Ordinal)
            || state is PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InsufficientPrivilege);
}
