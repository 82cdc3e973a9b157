using System.Collections.Concurrent;
using Warren.Broker.Storage;

namespace Warren.Broker.Tests.Storage;

/// <summary>
/// A disk that fails, waits or loses its power when the test says so. What was not flushed when the power went is there in part: each sector as it was, or as
/// it was to be.
/// </summary>
internal sealed class FaultyDisk : IDisposable
{
    private const int SectorBytes = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, FaultyFile> _files = [];
    private readonly SemaphoreSlim _flushAllowed = new(0);
    private volatile bool _holdsFlushes;

    /// <summary>Called before a file is made; what it returns is thrown.</summary>
    public Func<string, Exception?> OnCreate { get; set; } = static _ => null;

    /// <summary>Called before a write with the file and how many bytes there are; what it returns is thrown.</summary>
    public Func<string, int, Exception?> OnWrite { get; set; } = static (_, _) => null;

    /// <summary>Called before a flush; what it returns is thrown, and what was written since the last one is lost then.</summary>
    public Func<string, Exception?> OnFlush { get; set; } = static _ => null;

    /// <summary>Bytes of each write that was done, with its file.</summary>
    public ConcurrentQueue<(string Path, int Bytes)> Writes { get; } = new();

    /// <summary>The file of each flush that was begun.</summary>
    public ConcurrentQueue<string> Flushes { get; } = new();

    /// <summary>Flushes wait from now on, each for a call of <see cref="AllowFlush"/>.</summary>
    public void HoldFlushes() => _holdsFlushes = true;

    /// <summary>Lets one flush end.</summary>
    public void AllowFlush() => _flushAllowed.Release();

    /// <summary>Lets all flushes end.</summary>
    public void AllowAllFlushes()
    {
        _holdsFlushes = false;
        _flushAllowed.Release(1000);
    }

    public void Dispose() => _flushAllowed.Dispose();

    public ILogFile Open(string path, FileMode mode, long size)
    {
        if (mode != FileMode.Open && OnCreate(path) is { } error)
            throw error;
        var file = new FaultyFile(this, path, LogFile.Open(path, mode, size));
        lock (_gate)
            _files[path] = file;
        return file;
    }

    /// <summary>Cuts the power and copies what is then on the disk to another directory.</summary>
    public void LosePowerInto(string from, string to, Random random)
    {
        lock (_gate)
        {
            foreach (var path in Directory.GetFiles(from).Where(static path => Path.GetFileName(path) != "lock"))
            {
                var target = Path.Combine(to, Path.GetFileName(path));
                if (_files.GetValueOrDefault(path) is { } file)
                    File.WriteAllBytes(target, file.AfterPowerLoss(random));
                else
                    File.Copy(path, target);
            }
        }
    }

    private sealed class FaultyFile(FaultyDisk disk, string path, ILogFile inner) : ILogFile
    {
        private readonly List<(long Offset, byte[] Bytes)> _unflushed = [];
        private byte[] _durable = ReadAll(inner);

        public long Length => inner.Length;

        public int Read(Span<byte> buffer, long offset) => inner.Read(buffer, offset);

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            if (disk.OnWrite(path, bytes.Length) is { } error)
                throw error;
            disk.Writes.Enqueue((path, bytes.Length));
            lock (disk._gate)
            {
                inner.Write(bytes, offset);
                _unflushed.Add((offset, bytes.ToArray()));
            }
        }

        public void Flush()
        {
            disk.Flushes.Enqueue(path);
            if (disk._holdsFlushes)
                disk._flushAllowed.Wait();
            if (disk.OnFlush(path) is { } error)
            {
                lock (disk._gate)
                    Forget();
                throw error;
            }
            lock (disk._gate)
            {
                foreach (var (offset, bytes) in _unflushed)
                    bytes.CopyTo(_durable, offset);
                _unflushed.Clear();
            }
        }

        public void SetLength(long length)
        {
            lock (disk._gate)
            {
                inner.SetLength(length);
                Array.Resize(ref _durable, (int)length);
                _unflushed.RemoveAll(write => write.Offset + write.Bytes.Length > length);
            }
        }

        public void Dispose() => inner.Dispose();

        public byte[] AfterPowerLoss(Random random)
        {
            var image = _durable.ToArray();
            foreach (var (offset, bytes) in _unflushed)
            {
                for (var at = 0; at < bytes.Length;)
                {
                    var sectorEnd = (int)Math.Min(bytes.Length, ((offset + at) / SectorBytes + 1) * SectorBytes - offset);
                    if (random.Next(2) == 0)
                        bytes.AsSpan(at, sectorEnd - at).CopyTo(image.AsSpan((int)offset + at));
                    at = sectorEnd;
                }
            }
            return image;
        }

        // As Linux does it: the pages count as clean, and hold what was on the disk before as soon as they are read again.
        private void Forget()
        {
            inner.Write(_durable, 0);
            _unflushed.Clear();
        }

        private static byte[] ReadAll(ILogFile file)
        {
            var bytes = new byte[file.Length];
            file.Read(bytes, 0);
            return bytes;
        }
    }
}
