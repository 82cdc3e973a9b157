using System.Globalization;

namespace Warren.Broker.Storage;

/// <summary>Keeps a second process away from a data directory, for as long as it lives.</summary>
internal sealed class DirectoryLock : IDisposable
{
    private const string LockFile = "lock";

    // Beside it, because a locked file cannot be read.
    private const string OwnerFile = "lock.pid";

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Locks the directory.</summary>
    /// <exception cref="StorageException">Somebody else has it, or it cannot be written to.</exception>
    public static DirectoryLock Acquire(string directory)
    {
        var path = Path.Combine(directory, LockFile);
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new StorageException($"The data directory '{directory}' cannot be written to: {error.Message}", error);
        }
        catch (IOException error)
        {
            throw new StorageException(
                $"The data directory '{directory}' is in use by {OwnerOf(directory)}. Each broker needs a directory of its own. ({error.Message})", error);
        }

        try
        {
            File.WriteAllText(Path.Combine(directory, OwnerFile), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The lock is held. A disk that is full must not keep a broker from handing out what it has.
        }
        return new DirectoryLock(file);
    }

    /// <summary>Lets others have the directory.</summary>
    public void Dispose() => _file.Dispose();

    private static string OwnerOf(string directory)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(directory, OwnerFile));
            return int.TryParse(text, CultureInfo.InvariantCulture, out var id) ? $"process {id}" : "another process";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // That the directory is in use is what has to be told; by whom is a courtesy.
            return "another process";
        }
    }
}
