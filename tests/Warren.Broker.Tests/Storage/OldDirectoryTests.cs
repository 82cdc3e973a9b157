using System.Text;

namespace Warren.Broker.Tests.Storage;

/// <summary>Directories that earlier versions wrote; every later version opens them. They do not change, and each new format gets one.</summary>
public sealed class OldDirectoryTests : IDisposable
{
    private readonly LogDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_directory_of_format_1_is_read()
    {
        foreach (var path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Storage", "Fixtures", "format-1")))
            File.Copy(path, Path.Combine(_directory.Path, Path.GetFileName(path)));

        string[] kept = [.. Orders(12, 13), .. Orders(21, 28), .. Orders(30, 30)];
        await using (var store = _directory.Open())
        {
            Assert.Equal(
                ["exchange /,shop=topic durable", "queue /,audit=id=2 durable quorum", "queue /,late=id=4 durable classic", "queue /,orders=id=1 durable classic", "vhost /="],
                store.Definitions());
            Assert.Equal([.. kept, "2/1=to three queues delivered 4", "2/2=order 31 was moved", "4/1=after a restart"], store.Contents());
            Assert.Equal(4, store.Recovered.HighestQueueId);
            var report = store.Recovered.Report;
            Assert.False(report.WasClosed);
            Assert.Equal(5, report.Segments);
            Assert.Equal(72, report.TruncatedBytes);
            Assert.Equal(("0000000003.log", 3744L), (Path.GetFileName(Assert.Single(report.Damaged).File), report.Damaged[0].Offset));

            Assert.True(store.TryRead(store.Recovered.Messages[2][0].Message, out var content));
            Assert.Equal("meta", Encoding.UTF8.GetString(content.Metadata.Span));
            Assert.Equal("properties", Encoding.UTF8.GetString(content.Properties.Span));
            store.Add(4, 2, "after an update");
        }

        await using var reopened = _directory.Open();
        Assert.Equal([.. kept, "2/1=to three queues delivered 4", "2/2=order 31 was moved", "4/1=after a restart", "4/2=after an update"], reopened.Contents());
    }

    private static IEnumerable<string> Orders(int first, int last) =>
        Enumerable.Range(first, last - first + 1).Select(static i => $"1/{i}=order {i} " + new string('.', 200));
}
