using System.Globalization;
using System.Text;

namespace Warren.Broker.Storage;

/// <summary>Reads the log of a data directory: what is left of its segments, in order, and the state they make.</summary>
/// <remarks>
/// The last segment is the one with the highest number, and each names the one before it and where that ends. What is numbered in between, or stands behind
/// that end, was written anew elsewhere because the disk had failed, and is void. Before the oldest there is nothing: segments go from the oldest on.
/// </remarks>
internal sealed class LogRecovery(StoreOptions options, SegmentFiles files)
{
    private const string FormatFile = "format";
    private const string DamagedExtension = ".damaged";

    private readonly List<DamagedRange> _damaged = [];
    private readonly LogReplay _replay = new();
    private byte[] _buffer = [];
    private long _truncated;

    /// <summary>The definitions that were found.</summary>
    public DefinitionTable Definitions => _replay.Definitions;

    /// <summary>Checks that this program can read the directory, or begins it.</summary>
    /// <exception cref="StorageException">A later version has written it.</exception>
    public static void CheckFormat(string directory)
    {
        var path = Path.Combine(directory, FormatFile);
        var text = File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        if (text.Length == 0)
        {
            using (var file = new FileStream(path, FileMode.Create, FileAccess.Write))
            {
                file.Write(Encoding.ASCII.GetBytes(SegmentHeader.CurrentVersion.ToString(CultureInfo.InvariantCulture) + "\n"));
                file.Flush(flushToDisk: true);
            }
            DirectorySync.Flush(directory);
        }
        else if (!int.TryParse(text, CultureInfo.InvariantCulture, out var version) || version < 1)
        {
            throw new StorageException($"'{path}' says '{text}', where the version of the data directory's format was expected, such as {SegmentHeader.CurrentVersion}.");
        }
        else
        {
            MustBeReadable(version, directory);
        }
    }

    /// <summary>Reads all of it.</summary>
    public List<Segment> Run()
    {
        var chain = Chain(OpenAll());
        var segments = new List<Segment>(chain.Count);
        for (var i = 0; i < chain.Count; i++)
            segments.Add(Replay(chain[i], isLast: i == chain.Count - 1));
        return segments;
    }

    /// <summary>What was found, for those who ask.</summary>
    public RecoveredState Result(List<Segment> segments, TimeSpan took)
    {
        var report = new RecoveryReport
        {
            WasClosed = segments.Count == 0 || (_replay.WasClosed && _truncated == 0),
            Segments = segments.Count,
            Records = _replay.Records,
            Messages = segments.Sum(static segment => (long)segment.LiveCount),
            TruncatedBytes = _truncated,
            Damaged = _damaged,
            Took = took,
        };
        return new(report, [.. Definitions.All], _replay.TakeMessages(), _replay.HighestQueueId);
    }

    private static void MustBeReadable(int version, string where)
    {
        if (version > SegmentHeader.CurrentVersion)
        {
            throw new StorageException(
                $"'{where}' was written by a later version of the broker, in format {version}; this one reads formats up to {SegmentHeader.CurrentVersion}.");
        }
    }

    private List<LogPart> OpenAll()
    {
        var parts = new List<LogPart>();
        foreach (var path in SegmentFiles.In(options.Directory))
        {
            files.Reserve(path);
            var content = options.OpenFile(path, FileMode.Open, 0);
            var start = new byte[Math.Min(SegmentHeader.Length, content.Length)];
            var read = content.Read(start, 0);
            if (SegmentHeader.TryRead(start.AsSpan(0, read), out var header))
            {
                MustBeReadable(header.Version, path);
                parts.Add(new(new(path, content, content.Length), header));
                continue;
            }

            content.Dispose();
            if (!start.AsSpan().ContainsAnyExcept((byte)0))
            {
                // Set aside for a segment that was not begun.
                File.Delete(path);
                continue;
            }
            PutAside(path, "Its header is damaged in both places, so nothing in it can be told from old bytes.");
        }
        parts.Sort(static (one, other) => one.Header.Sequence.CompareTo(other.Header.Sequence));
        return parts;
    }

    private List<LogPart> Chain(List<LogPart> parts)
    {
        var chain = new List<LogPart>();
        LogPart? later = null;
        for (var i = parts.Count - 1; i >= 0; i--)
        {
            var part = parts[i];
            if (later is not null && part.Header.Sequence == later.Header.Sequence)
            {
                part.File.Content.Dispose();
                PutAside(part.File.Path, $"'{later.File.Path}' says that it is the same segment, number {part.Header.Sequence}.");
                continue;
            }
            if (later is not null && part.Header.Sequence > later.Header.PreviousSequence)
            {
                files.Discard(part.File);
                continue;
            }
            if (part.Header.Sequence == later?.Header.PreviousSequence)
            {
                part = part with { End = later.Header.PreviousLength };
            }
            else if (later is not null)
            {
                _damaged.Add(new(
                    later.File.Path, 0, 0,
                    $"Segments {part.Header.Sequence + 1} to {later.Header.PreviousSequence} of the log are missing before this one."));
            }
            chain.Add(part);
            later = part;
        }
        chain.Reverse();
        return chain;
    }

    private Segment Replay(LogPart part, bool isLast)
    {
        var (file, header) = (part.File, part.Header);
        var end = (int)Math.Min(part.End ?? int.MaxValue, Math.Min(file.Size, Array.MaxLength));
        if (_buffer.Length < end)
            _buffer = new byte[end];
        var bytes = _buffer.AsSpan(0, end);
        bytes = bytes[..file.Content.Read(bytes, 0)];

        var segment = new Segment(header, (int)Math.Min(file.Size, int.MaxValue)) { File = file };
        var found = SegmentScan.Run(bytes, header.Stamp, part.End is not null, (operations, at) => _replay.Apply(segment, operations, at));
        _replay.EndSegment();
        foreach (var (offset, length) in found.Damaged)
            _damaged.Add(new(file.Path, offset, length, "What stands here is no record of the log; one was expected. It was passed over."));
        if (part.End > bytes.Length)
            _damaged.Add(new(file.Path, bytes.Length, part.End.Value - bytes.Length, "The file ends before the segment does. The rest is lost."));

        segment.Length = segment.DurableLength = found.End;
        _truncated += found.UnfinishedBytes;
        if (isLast)
        {
            file.Content.SetLength(found.End);
            segment.File = file with { Size = found.End };
        }
        // What a process that was killed had written may not be on the disk yet, and is to be relied on from now on.
        file.Content.Flush();
        return segment;
    }

    private void PutAside(string path, string text)
    {
        _damaged.Add(new(path, 0, new FileInfo(path).Length, text + " It was put aside under another name."));
        File.Move(path, path + DamagedExtension, overwrite: true);
    }

    private sealed record LogPart(SegmentFile File, SegmentHeader Header)
    {
        /// <summary>Where its records end, as the next segment has it.</summary>
        public long? End { get; init; }
    }
}
