using System.Globalization;

namespace Warren.Broker.Storage;

/// <summary>
/// Page files for transient messages of deep queues, which would fill the memory. They are never made durable and do not outlive the process: what an earlier
/// one left in the directory is deleted. A file goes when all of its messages have been released.
/// </summary>
internal sealed class MessagePages : IDisposable
{
    private const string Extension = ".page";
    private const int BufferBytes = 256 << 10;

    private readonly Lock _gate = new();
    private readonly string _directory;
    private readonly int _fileSize;
    private readonly OpenLogFile _openFile;
    private readonly HashSet<PageFile> _files = [];
    private readonly byte[] _buffer = new byte[BufferBytes];
    private PageFile? _current;
    private long _lastNumber;
    private bool _disposed;

    /// <summary>Begins with an empty directory, which is this object's own.</summary>
    /// <param name="fileSize">A file takes messages until it has this many bytes.</param>
    /// <exception cref="StorageException">The directory cannot be used.</exception>
    public MessagePages(string directory, int fileSize = 32 << 20, OpenLogFile? openFile = null)
    {
        (_directory, _fileSize, _openFile) = (directory, fileSize, openFile ?? LogFile.Open);
        try
        {
            Directory.CreateDirectory(directory);
            foreach (var path in Directory.GetFiles(directory, "*" + Extension))
                File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The directory '{directory}' for messages that leave memory cannot be used: {error.Message}", error);
        }
    }

    /// <summary>How many files there are.</summary>
    public int FileCount
    {
        get
        {
            lock (_gate)
                return _files.Count;
        }
    }

    /// <summary>Writes a message out.</summary>
    /// <exception cref="StorageException">The disk is full, or fails: the message has to stay in memory. Those before it can be read.</exception>
    public PagedMessage Write(ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            try
            {
                var length = checked(properties.Length + body.Length);
                var file = FileFor(length);
                Append(file, properties, body);
                file.LiveCount++;
                return new(file, file.Length - length, properties.Length, body.Length);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"A message could not be written to '{_directory}': {error.Message}", error);
            }
        }
    }

    /// <summary>Reads a message, which has not been released.</summary>
    /// <exception cref="StorageException">The file cannot be read.</exception>
    public MessageContent Read(PagedMessage message)
    {
        var bytes = new byte[message.PropertiesLength + message.BodyLength];
        PageFile file;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            file = message.File ?? throw new InvalidOperationException("The message was released, so it cannot be read.");
            if (message.Offset >= file.WrittenLength)
            {
                _buffer.AsSpan(message.Offset - file.WrittenLength, bytes.Length).CopyTo(bytes);
                return new(bytes, 0, message.PropertiesLength);
            }
            file.Pins++;
        }
        try
        {
            if (file.Content.Read(bytes, message.Offset) < bytes.Length)
                throw new StorageException($"'{file.Path}' ends before a message that was written to it at byte {message.Offset}.");
            return new(bytes, 0, message.PropertiesLength);
        }
        catch (IOException error)
        {
            throw new StorageException($"'{file.Path}' could not be read: {error.Message}", error);
        }
        finally
        {
            lock (_gate)
            {
                file.Pins--;
                DeleteIfDead(file);
            }
        }
    }

    /// <summary>Lets go of a message. A second time does nothing.</summary>
    public void Release(PagedMessage message)
    {
        lock (_gate)
        {
            if (message.File is not { } file)
                return;
            message.File = null;
            file.LiveCount--;
            DeleteIfDead(file);
        }
    }

    /// <summary>Deletes all files.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _current = null;
            foreach (var file in _files)
            {
                file.LiveCount = 0;
                DeleteIfDead(file);
            }
        }
    }

    private PageFile FileFor(int length)
    {
        // A queue that comes and goes needs one short file.
        if (_current is { LiveCount: 0, Pins: 0 } empty)
            empty.Length = empty.WrittenLength = 0;
        if (_current is { } file && (file.Length == 0 || file.Length + (long)length <= _fileSize))
            return file;
        if (_current is { } full)
        {
            WriteBuffer(full);
            _current = null;
            DeleteIfDead(full);
        }
        var path = Path.Combine(_directory, (++_lastNumber).ToString("D10", CultureInfo.InvariantCulture) + Extension);
        _current = new(path, _openFile(path, FileMode.CreateNew, 0));
        _files.Add(_current);
        return _current;
    }

    private void Append(PageFile file, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body)
    {
        var length = properties.Length + body.Length;
        if (file.Length - file.WrittenLength + length > BufferBytes)
            WriteBuffer(file);
        if (length > BufferBytes)
        {
            file.Content.Write(properties, file.Length);
            file.Content.Write(body, file.Length + properties.Length);
            file.WrittenLength = file.Length += length;
            return;
        }
        var at = file.Length - file.WrittenLength;
        properties.CopyTo(_buffer.AsSpan(at));
        body.CopyTo(_buffer.AsSpan(at + properties.Length));
        file.Length += length;
    }

    private void WriteBuffer(PageFile file)
    {
        file.Content.Write(_buffer.AsSpan(0, file.Length - file.WrittenLength), file.WrittenLength);
        file.WrittenLength = file.Length;
    }

    private void DeleteIfDead(PageFile file)
    {
        // The file that is written to stays: the next message would need another.
        if (file.LiveCount > 0 || file.Pins > 0 || file == _current || !_files.Remove(file))
            return;
        file.Content.Dispose();
        File.Delete(file.Path);
    }
}
