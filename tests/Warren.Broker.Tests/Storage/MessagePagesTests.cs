using System.Text;
using Warren.Broker.Storage;

namespace Warren.Broker.Tests.Storage;

public sealed class MessagePagesTests : IDisposable
{
    private readonly LogDirectory _directory = new();
    private readonly FaultyDisk _disk = new();

    public void Dispose()
    {
        _directory.Dispose();
        _disk.Dispose();
    }

    [Fact]
    public void What_was_written_is_read_from_memory_or_from_the_file()
    {
        using var pages = Open();
        var messages = Enumerable.Range(0, 3000).Select(i => pages.Write(Bytes($"properties {i}"), Bytes(Body(i)))).ToList();

        for (var i = 0; i < messages.Count; i++)
        {
            var content = pages.Read(messages[i]);
            Assert.Equal($"properties {i}", Encoding.UTF8.GetString(content.Properties.Span));
            Assert.Equal(Body(i), Encoding.UTF8.GetString(content.Body.Span));
            Assert.Equal(Body(i).Length, messages[i].BodyLength);
        }
        Assert.True(pages.FileCount > 1);
    }

    [Fact]
    public void A_message_larger_than_a_file_is_written_and_read()
    {
        using var pages = Open();
        var before = pages.Write("p"u8, "small"u8);
        var large = pages.Write("p"u8, Bytes(new string('x', 3_000_000)));
        var after = pages.Write("p"u8, "small too"u8);

        Assert.Equal("small", Encoding.UTF8.GetString(pages.Read(before).Body.Span));
        Assert.Equal(3_000_000, pages.Read(large).Body.Length);
        Assert.Equal("small too", Encoding.UTF8.GetString(pages.Read(after).Body.Span));
    }

    [Fact]
    public void An_empty_message_is_kept_like_any_other()
    {
        using var pages = Open();
        var empty = pages.Write(default, default);
        pages.Write("p"u8, Bytes(new string('x', 500_000)));

        Assert.Equal(0, pages.Read(empty).Body.Length);
    }

    [Fact]
    public void A_file_goes_when_all_of_its_messages_are_released()
    {
        using var pages = Open();
        var messages = Enumerable.Range(0, 10_000).Select(i => pages.Write("p"u8, Bytes(Body(i)))).ToList();
        Assert.True(pages.FileCount > 2);

        foreach (var message in messages)
        {
            pages.Release(message);
            pages.Release(message);
        }

        Assert.Equal(1, pages.FileCount);
        Assert.Single(Directory.GetFiles(_directory.Path));
        Assert.Throws<InvalidOperationException>(() => pages.Read(messages[0]));
    }

    [Fact]
    public void A_queue_that_comes_and_goes_needs_one_short_file()
    {
        using var pages = Open();
        for (var i = 0; i < 10_000; i++)
            pages.Release(pages.Write("p"u8, Bytes(Body(i))));

        Assert.InRange(new FileInfo(Assert.Single(Directory.GetFiles(_directory.Path))).Length, 0, 10_000);
    }

    [Fact]
    public void What_an_earlier_process_left_is_deleted()
    {
        File.WriteAllText(Path.Combine(_directory.Path, "0000000007.page"), "left");

        using var pages = Open();

        Assert.Empty(Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void Closing_deletes_the_files()
    {
        using (var pages = Open())
            pages.Write("p"u8, "x"u8);

        Assert.Empty(Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void A_full_disk_keeps_the_message_in_memory_and_the_others_readable()
    {
        using var pages = Open();
        var written = new List<PagedMessage>();
        _disk.OnWrite = static (_, _) => new IOException("No space left on device");

        StorageException? error = null;
        while (error is null)
        {
            error = Record.Exception(() => written.Add(pages.Write("p"u8, Bytes(Body(written.Count))))) as StorageException;
            Assert.True(written.Count < 10_000, "The disk was written to, or the memory took everything.");
        }

        Assert.Contains(_directory.Path, error.Message, StringComparison.Ordinal);
        Assert.All(written, (message, i) => Assert.Equal(Body(i), Encoding.UTF8.GetString(pages.Read(message).Body.Span)));

        _disk.OnWrite = static (_, _) => null;
        written.Add(pages.Write("p"u8, Bytes(Body(written.Count))));
        Assert.All(written, (message, i) => Assert.Equal(Body(i), Encoding.UTF8.GetString(pages.Read(message).Body.Span)));
    }

    [Fact]
    public async Task Threads_write_read_and_release_at_once()
    {
        using var pages = Open();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            var random = new Random(thread);
            var own = new Queue<(int Number, PagedMessage Message)>();
            for (var i = 0; i < 5000; i++)
            {
                own.Enqueue((i, pages.Write("p"u8, Bytes(Body(i)))));
                while (own.Count > random.Next(1000))
                {
                    var (number, message) = own.Dequeue();
                    Assert.Equal(Body(number), Encoding.UTF8.GetString(pages.Read(message).Body.Span));
                    pages.Release(message);
                }
            }
            foreach (var (_, message) in own)
                pages.Release(message);
        })));

        Assert.Equal(1, pages.FileCount);
    }

    private MessagePages Open() => new(_directory.Path, 1 << 20, _disk.Open);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Body(int i) => $"{i} " + new string('b', i % 1000);
}
