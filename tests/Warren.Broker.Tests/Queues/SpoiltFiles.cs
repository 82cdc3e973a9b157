using Warren.Broker.Storage;

namespace Warren.Broker.Tests.Queues;

/// <summary>Files that can no longer be read or written when the test says so.</summary>
internal sealed class SpoiltFiles
{
    /// <summary>True when reads fail from now on.</summary>
    public bool FailReads { get; set; }

    /// <summary>True when writes fail from now on.</summary>
    public bool FailWrites { get; set; }

    public ILogFile Open(string path, FileMode mode, long size) => new SpoiltFile(this, LogFile.Open(path, mode, size));

    private sealed class SpoiltFile(SpoiltFiles files, ILogFile inner) : ILogFile
    {
        public long Length => inner.Length;

        public int Read(Span<byte> buffer, long offset) => files.FailReads ? throw new IOException("The sector is bad.") : inner.Read(buffer, offset);

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            if (files.FailWrites)
                throw new IOException("The disk is full.");
            inner.Write(bytes, offset);
        }

        public void Flush() => inner.Flush();

        public void SetLength(long length) => inner.SetLength(length);

        public void Dispose() => inner.Dispose();
    }
}
