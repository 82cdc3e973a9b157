using Warren.Broker.Storage;

namespace Warren.Broker.Tests.Storage;

public sealed class LogRecoveryTests : IDisposable
{
    private static readonly string[] Bodies = ["alpha", "beta", "gamma", "delta", "epsilon"];

    private readonly LogDirectory _directory = new();
    private readonly LogDirectory _copy = new();

    public void Dispose()
    {
        _directory.Dispose();
        _copy.Dispose();
    }

    [Fact]
    public async Task A_log_that_was_not_closed_says_so()
    {
        await using (var store = _directory.Open())
        {
            await store.IsDurableAsync();
            await CopyAsync(store);
        }

        await using var crashed = _copy.Open();
        Assert.False(crashed.Recovered.Report.WasClosed);
        await using var closed = _directory.Open();
        Assert.True(closed.Recovered.Report.WasClosed);
    }

    [Fact]
    public async Task A_crash_right_after_a_clean_start_is_no_clean_end()
    {
        await using (var store = _directory.Open())
            store.Add(1, 1, "x");
        await using (var store = _directory.Open())
            await CopyAsync(store);

        await using var crashed = _copy.Open();
        Assert.False(crashed.Recovered.Report.WasClosed);
        Assert.Equal(["1/1=x"], crashed.Contents());
    }

    [Fact]
    public async Task A_torn_tail_is_truncated_wherever_it_was_cut()
    {
        var (bytes, path) = await FiveMessagesAsync();
        var records = Records(bytes);
        var last = records[^1];
        // The zeros up to the next multiple of 8 are no part of it.
        var end = last.Offset + RecordHeader.Length + BitConverter.ToInt32(bytes, last.Offset + 8);

        for (var cut = last.Offset; cut < end; cut++)
        {
            await File.WriteAllBytesAsync(path, bytes[..cut]);
            await using var store = _copy.Open();

            Assert.Equal(Expected(4), store.Contents());
            Assert.Equal(cut - last.Offset, store.Recovered.Report.TruncatedBytes);
            Assert.Empty(store.Recovered.Report.Damaged);
            Assert.False(store.Recovered.Report.WasClosed);
            Assert.Equal(last.Offset, new FileInfo(path).Length);
            await CleanUpAsync(store);
        }
    }

    [Fact]
    public async Task A_torn_tail_followed_by_space_that_was_set_aside_is_truncated_too()
    {
        var (bytes, path) = await FiveMessagesAsync();
        var last = Records(bytes)[^1];

        // From the second byte on: with no byte of it there is nothing to cut off.
        for (var cut = last.Offset + 1; cut < last.Offset + last.Length; cut++)
        {
            var torn = new byte[16 << 10];
            bytes.AsSpan(0, cut).CopyTo(torn);
            await File.WriteAllBytesAsync(path, torn);
            await using var store = _copy.Open();

            // The zeros that end the record can be missing from a file that has zeros there anyway.
            var contents = store.Contents();
            Assert.True(contents.SequenceEqual(Expected(4)) ? store.Recovered.Report.TruncatedBytes > 0 : contents.SequenceEqual(Expected(5)), $"cut at {cut}");
            Assert.Empty(store.Recovered.Report.Damaged);
            await CleanUpAsync(store);
        }
    }

    [Fact]
    public async Task A_flipped_bit_costs_its_own_record_and_no_other()
    {
        var (bytes, path) = await FiveMessagesAsync();
        var records = Records(bytes);
        // The records of messages are the last five; the one before them holds no definitions.
        var messages = records[^5..];

        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var damaged = bytes.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            var (report, contents) = Recover(damaged);

            var hit = Array.FindIndex(messages, record => bit / 8 >= record.Offset && bit / 8 < record.Offset + record.Length);
            var lost = Enumerable.Range(0, 5).Select(static position => (long)position).Except(contents).ToList();
            Assert.True(lost.Count == 0 || (hit >= 0 && lost.SequenceEqual([hit])), $"Bit {bit} cost {string.Join(", ", lost)}.");
            Assert.True(lost.Count == 0 || report.Damaged.Count == 1 || (hit == 4 && report.TruncatedBytes > 0), $"The damage of bit {bit} was not told.");
            if (report.Damaged.Count > 0)
                Assert.Equal(path, report.Damaged[0].File);
            if (hit >= 0 && report.Damaged.Count > 0)
                Assert.Equal((messages[hit].Offset, messages[hit].Length), (report.Damaged[0].Offset, report.Damaged[0].Length));
        }

        // The bytes come from memory: there are ten thousand damaged files.
        (RecoveryReport Report, IEnumerable<long> Positions) Recover(byte[] damaged)
        {
            var options = new StoreOptions { Directory = _copy.Path, OpenFile = (_, _, _) => new FileInMemory(damaged) };
            var recovery = new LogRecovery(options, new SegmentFiles(options));
            var state = recovery.Result(recovery.Run(), TimeSpan.Zero);
            return (state.Report, state.TakeMessages(1).Select(static message => message.Position));
        }
    }

    [Fact]
    public async Task Damage_in_an_older_segment_is_passed_over()
    {
        await using (var store = _directory.Open(LogDirectory.Small(_directory.Path)))
        {
            for (var i = 0; i < 200; i++)
                store.Add(1, i, $"{i} " + new string('x', 500));
            await store.IsDurableAsync();
            Assert.True(store.Usage().Segments > 5);
        }
        var second = _directory.Segments[1];
        var bytes = await File.ReadAllBytesAsync(second);
        var records = Records(bytes);
        Array.Clear(bytes, records[3].Offset, records[3].Length + records[4].Length);
        // The end of a segment that is not the last is known, so its last record cannot be missing unseen.
        Array.Clear(bytes, records[^1].Offset, records[^1].Length);
        await File.WriteAllBytesAsync(second, bytes);

        await using var recovered = _directory.Open(LogDirectory.Small(_directory.Path));

        Assert.Equal(197, recovered.Contents().Count);
        Assert.Equal(
            [(long)records[3].Offset, records[^1].Offset], recovered.Recovered.Report.Damaged.Select(static damaged => damaged.Offset));
        Assert.Equal(0, recovered.Recovered.Report.TruncatedBytes);
    }

    [Fact]
    public async Task A_missing_segment_is_told_and_the_others_are_read()
    {
        await using (var store = _directory.Open(LogDirectory.Small(_directory.Path)))
        {
            for (var i = 0; i < 200; i++)
                store.Add(1, i, new string('x', 500));
        }
        var total = _directory.Segments.Count;
        File.Delete(_directory.Segments[2]);

        await using var recovered = _directory.Open(LogDirectory.Small(_directory.Path));

        Assert.Contains("missing", Assert.Single(recovered.Recovered.Report.Damaged).Text, StringComparison.Ordinal);
        Assert.Equal(total - 1, recovered.Recovered.Report.Segments);
        Assert.InRange(recovered.Contents().Count, 150, 190);
    }

    [Fact]
    public async Task A_file_with_both_headers_damaged_is_put_aside()
    {
        var (bytes, path) = await FiveMessagesAsync();
        bytes[0] ^= 1;
        bytes[512] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);

        await using var store = _copy.Open();

        Assert.Single(store.Recovered.Report.Damaged);
        Assert.True(File.Exists(path + ".damaged"));
        Assert.Empty(store.Contents());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Whatever_becomes_of_the_files_they_can_be_opened(int seed)
    {
        var random = new Random(seed);
        await using (var store = _directory.Open(LogDirectory.Small(_directory.Path)))
        {
            var model = new LogModel(random);
            for (var i = 0; i < 400; i++)
                model.Step(store);
            await store.IsDurableAsync();
        }

        for (var round = 0; round < 60; round++)
        {
            _copy.Clear();
            foreach (var path in Directory.GetFiles(_directory.Path))
                File.Copy(path, Path.Combine(_copy.Path, Path.GetFileName(path)));
            foreach (var path in _copy.Segments)
            {
                if (random.Next(2) == 0)
                    await File.WriteAllBytesAsync(path, Mutate(await File.ReadAllBytesAsync(path), random));
            }

            IReadOnlyList<string> contents;
            await using (var store = _copy.Open(LogDirectory.Small(_copy.Path)))
            {
                contents = store.Contents();
                store.Add(99, 1, "goes on");
            }
            await using var again = _copy.Open(LogDirectory.Small(_copy.Path));
            Assert.Equal([.. contents, "99/1=goes on"], again.Contents());
        }
    }

    [Fact]
    public async Task A_directory_of_a_later_version_is_refused()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "format"), "7\n");

        var error = Assert.Throws<StorageException>(() => _directory.Open());

        Assert.Contains("format 7", error.Message, StringComparison.Ordinal);
        Assert.Contains(_directory.Path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_format_that_is_no_number_is_refused()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "format"), "new\n");

        Assert.Contains("'new'", Assert.Throws<StorageException>(() => _directory.Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_told_in_words()
    {
        var path = Path.Combine(_directory.Path, "file");
        File.WriteAllText(path, "");

        Assert.Contains(path, Assert.Throws<StorageException>(() => _directory.Open(new() { Directory = path })).Message, StringComparison.Ordinal);
    }

    private static string[] Expected(int count) => [.. Bodies.Take(count).Select(static (body, i) => $"1/{i}={body}")];

    // A log of five messages that was not closed, in the other directory: its one file, cut behind the last record.
    private async Task<(byte[] Bytes, string Path)> FiveMessagesAsync()
    {
        await using var store = _directory.Open(LogDirectory.Small(_directory.Path));
        for (var i = 0; i < Bodies.Length; i++)
            store.Add(1, i, Bodies[i]);
        await store.IsDurableAsync();
        CopyFiles();
        var path = Assert.Single(_copy.Segments);
        var bytes = await File.ReadAllBytesAsync(path);
        var last = Records(bytes)[^1];
        return (bytes[..(last.Offset + last.Length)], path);
    }

    private async Task CopyAsync(MessageStore store)
    {
        // Also the segment's begin, which has no position of its own.
        store.Define("copied", "now");
        using (var record = store.Begin())
        {
            record.RemoveDefinition("copied"u8);
            record.Commit(urgent: true);
        }
        await store.IsDurableAsync();
        CopyFiles();
    }

    private void CopyFiles()
    {
        foreach (var path in Directory.GetFiles(_directory.Path).Where(static path => Path.GetFileName(path) != "lock"))
            File.Copy(path, Path.Combine(_copy.Path, Path.GetFileName(path)));
    }

    private async Task CleanUpAsync(MessageStore store)
    {
        await store.DisposeAsync();
        foreach (var path in _copy.Segments.Skip(1))
            File.Delete(path);
    }

    private static (int Offset, int Length)[] Records(byte[] bytes)
    {
        Assert.True(SegmentHeader.TryRead(bytes, out var header));
        var records = new List<(int, int)>();
        for (var at = SegmentHeader.Length; at < bytes.Length && RecordHeader.TryRead(bytes.AsSpan(at), header.Stamp, out _, out var size); at += size)
            records.Add((at, size));
        return [.. records];
    }

    private static byte[] Mutate(byte[] bytes, Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                random.NextBytes(bytes);
                break;
            case 1:
                return bytes[..random.Next(bytes.Length + 1)];
            case 2:
                var from = random.Next(bytes.Length);
                Array.Clear(bytes, from, random.Next(bytes.Length - from));
                break;
            case 3:
                bytes.AsSpan(0, bytes.Length / 2).CopyTo(bytes.AsSpan(bytes.Length / 2));
                break;
            case 4:
                return [.. bytes, .. bytes];
            default:
                for (var i = 0; i < 20; i++)
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                break;
        }
        return bytes;
    }

    private sealed class FileInMemory(byte[] bytes) : ILogFile
    {
        public long Length => bytes.Length;

        public int Read(Span<byte> buffer, long offset)
        {
            var part = bytes.AsSpan((int)offset);
            part = part[..Math.Min(part.Length, buffer.Length)];
            part.CopyTo(buffer);
            return part.Length;
        }

        public void Write(ReadOnlySpan<byte> written, long offset) => written.CopyTo(bytes.AsSpan((int)offset));

        public void Flush()
        {
        }

        public void SetLength(long length)
        {
        }

        public void Dispose()
        {
        }
    }
}
