using System.Globalization;

namespace Warren.Broker.Storage;

/// <summary>
/// The log's files in the data directory. A file that is not needed any more is kept and used again: its space is the log's already, so it cannot be
/// missing when the disk is full, and to write over it is faster. Which segment a file holds is said by its header alone, not by its name. The writer
/// alone uses it.
/// </summary>
internal sealed class SegmentFiles(StoreOptions options)
{
    private const string Extension = ".log";
    private const int MostSpares = 3;

    private readonly Queue<SegmentFile> _spares = new();
    private long _lastNumber;

    /// <summary>Whether the next segment has a file already.</summary>
    public bool HasSpare => _spares.Count > 0;

    /// <summary>The paths of all files of a log.</summary>
    public static IReadOnlyList<string> In(string directory) => [.. Directory.GetFiles(directory, "*" + Extension).Order(StringComparer.Ordinal)];

    /// <summary>New files get names behind those that are there.</summary>
    public void Reserve(string path)
    {
        if (long.TryParse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture, out var number))
            _lastNumber = Math.Max(_lastNumber, number);
    }

    /// <summary>A file for a segment that is begun.</summary>
    /// <exception cref="IOException">There is no room for one.</exception>
    public SegmentFile Acquire(long size) => size == options.SegmentSize && _spares.TryDequeue(out var spare) ? spare : Create(size);

    /// <summary>Makes the file of the next segment ahead of its need.</summary>
    /// <exception cref="IOException">There is no room for one.</exception>
    public void AddSpare() => _spares.Enqueue(Create(options.SegmentSize));

    /// <summary>
    /// Takes the file of a segment whose messages are all dead. Its header is gone for good before this returns: the removals of its messages stand in
    /// later segments, which are given up next, and they must not be outlived by what they removed.
    /// </summary>
    /// <exception cref="IOException">That could not be made sure of. The file is out of use either way.</exception>
    public void Retire(SegmentFile file)
    {
        if (file.Size != options.SegmentSize || _spares.Count >= MostSpares)
        {
            Discard(file);
            return;
        }
        try
        {
            file.Content.Write(new byte[SegmentHeader.Length], 0);
            file.Content.Flush();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Discard(file);
            throw;
        }
        _spares.Enqueue(file);
    }

    /// <summary>Deletes a file, for good.</summary>
    public void Discard(SegmentFile file)
    {
        file.Content.Dispose();
        File.Delete(file.Path);
        DirectorySync.Flush(options.Directory);
    }

    /// <summary>Deletes the files that wait to be used.</summary>
    public void DiscardSpares()
    {
        while (_spares.TryDequeue(out var file))
        {
            file.Content.Dispose();
            File.Delete(file.Path);
        }
    }

    private SegmentFile Create(long size)
    {
        var path = Path.Combine(options.Directory, (++_lastNumber).ToString("D10", CultureInfo.InvariantCulture) + Extension);
        var content = options.OpenFile(path, FileMode.CreateNew, size);
        try
        {
            DirectorySync.Flush(options.Directory);
            return new(path, content, size);
        }
        catch
        {
            content.Dispose();
            File.Delete(path);
            throw;
        }
    }
}
