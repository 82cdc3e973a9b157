using System.Globalization;

namespace Warren.Broker.Storage;

/// <summary>Keeps a second process away from a data directory, for as long as it lives.</summary>
internal sealed class DirectoryLock : IDisposable
{
    private const string FileName = "lock";

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Locks the directory.</summary>
    /// <exception cref="StorageException">Somebody else has it, or it cannot be written to.</exception>
    public static DirectoryLock Acquire(string directory)
    {
        var path = Path.Combine(directory, FileName);
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
                $"The data directory '{directory}' is in use by {OwnerOf(path)}. Each broker needs a directory of its own. ({error.Message})", error);
        }

        try
        {
            file.SetLength(0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            return new DirectoryLock(file);
        }
        catch (IOException error)
        {
            file.Dispose();
            throw new StorageException($"The data directory '{directory}' cannot be written to: {error.Message}", error);
        }
    }

    /// <summary>Lets others have the directory.</summary>
    public void Dispose() => _file.Dispose();

    private static string OwnerOf(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            var text = reader.ReadToEnd();
            return int.TryParse(text, CultureInfo.InvariantCulture, out var id) ? $"process {id}" : "another process";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Some systems do not let a locked file be read; the lock itself is what has to be told.
            return "another process";
        }
    }
}
