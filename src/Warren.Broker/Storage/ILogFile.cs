namespace Warren.Broker.Storage;

/// <summary>Opens a file of the log; a new one has <paramref name="size"/> bytes, which the disk has set aside.</summary>
internal delegate ILogFile OpenLogFile(string path, FileMode mode, long size);

/// <summary>A file of the log: the place where tests let a disk fail.</summary>
internal interface ILogFile : IDisposable
{
    /// <summary>The bytes of the file.</summary>
    long Length { get; }

    /// <summary>Reads until the buffer is full or the file ends, and returns how much it was.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Writes all of the bytes, or throws an <see cref="IOException"/>.</summary>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Returns when all that was written survives a loss of power, or throws an <see cref="IOException"/>.</summary>
    void Flush();

    /// <summary>Cuts the file.</summary>
    void SetLength(long length);
}
