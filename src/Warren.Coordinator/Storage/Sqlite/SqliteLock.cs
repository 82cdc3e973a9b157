using System.Globalization;

namespace Warren.Coordinator.Storage.Sqlite;

/// <summary>Keeps a second process away from a database file, for as long as it lives: two coordinators over one file would not know of each other.</summary>
internal sealed class SqliteLock : IDisposable
{
    private readonly FileStream _file;

    private SqliteLock(FileStream file) => _file = file;

    /// <summary>Locks the file.</summary>
    /// <exception cref="StoreRefusedException">Another process has it, or its directory cannot be written to.</exception>
    public static SqliteLock Acquire(string path)
    {
        FileStream file;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            file = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new StoreRefusedException($"The store '{path}' cannot be written to: {error.Message}", error);
        }
        catch (IOException error) when (File.Exists(path + ".lock"))
        {
            throw new StoreRefusedException(
                $"The store '{path}' is in use by {Holder(path)}. A SQLite file serves one server at a time; several share a PostgreSQL database. ({error.Message})", error);
        }
        catch (IOException error)
        {
            throw new StoreRefusedException($"The store '{path}' cannot be opened: {error.Message}", error);
        }

        try
        {
            // Beside the lock, because a locked file cannot be read.
            File.WriteAllText(path + ".pid", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The lock is held; the number only serves the message above, in another process.
        }
        return new SqliteLock(file);
    }

    /// <summary>Lets others have the file.</summary>
    public void Dispose() => _file.Dispose();

    private static string Holder(string path)
    {
        try
        {
            var text = File.ReadAllText(path + ".pid");
            return int.TryParse(text, CultureInfo.InvariantCulture, out var id) ? $"process {id}" : "another process";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // That the file is in use is what has to be told; by whom is a courtesy.
            return "another process";
        }
    }
}
