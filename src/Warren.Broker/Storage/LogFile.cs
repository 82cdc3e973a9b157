using Microsoft.Win32.SafeHandles;

namespace Warren.Broker.Storage;

/// <summary>A file of the log on the disk.</summary>
internal sealed class LogFile(SafeFileHandle handle) : ILogFile
{
    /// <inheritdoc/>
    public long Length => RandomAccess.GetLength(handle);

    /// <inheritdoc cref="OpenLogFile"/>
    public static ILogFile Open(string path, FileMode mode, long size)
    {
        var isNew = mode is FileMode.CreateNew or FileMode.Create;
        // Space that is set aside cannot be missing later, and a file that does not grow has less to make durable.
        var handle = File.OpenHandle(
            path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.None, preallocationSize: isNew ? size : 0);
        try
        {
            if (isNew)
                RandomAccess.SetLength(handle, size);
            return new LogFile(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long offset)
    {
        var total = 0;
        while (total < buffer.Length && RandomAccess.Read(handle, buffer[total..], offset + total) is > 0 and var read)
            total += read;
        return total;
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(handle, bytes, offset);

    /// <inheritdoc/>
    public void Flush() => RandomAccess.FlushToDisk(handle);

    /// <inheritdoc/>
    public void SetLength(long length) => RandomAccess.SetLength(handle, length);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();
}
