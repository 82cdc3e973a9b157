using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Warren.Broker.Storage;

namespace Warren.Broker.Tests.Storage;

public sealed class MessageStoreTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-log-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task What_was_committed_is_there_after_reopening()
    {
        await using (var store = Open())
        {
            Assert.True(store.Recovered.Report.WasClosed);
            long lsn;
            using (var record = store.Begin())
            {
                record.PutDefinition("queue:1"u8, "durable"u8);
                lsn = record.Commit(urgent: true);
            }
            StoredMessage first;
            using (var record = store.Begin())
            {
                first = record.Enqueue([new(1, 10), new(2, 5)], "meta"u8, "props"u8, "body one"u8);
                record.Commit(urgent: false);
            }
            using (var record = store.Begin())
            {
                record.Enqueue([new(1, 11)], "m2"u8, "p2"u8, "body two"u8);
                record.Remove(2, 5, first);
                lsn = record.Commit(urgent: true);
            }
            await store.WaitAsync(lsn, CancellationToken.None);
            Assert.True(store.TryRead(first, out var content));
            Assert.Equal("body one", Encoding.UTF8.GetString(content.Body.Span));
        }

        await using (var store = Open())
        {
            Assert.True(store.Recovered.Report.WasClosed);
            Assert.Equal("queue:1", Encoding.UTF8.GetString(Assert.Single(store.Recovered.Definitions).Key));
            var messages = Assert.Single(store.Recovered.Messages).Value;
            Assert.Equal([10L, 11L], messages.Select(message => message.Position));
            Assert.True(store.TryRead(messages[1].Message, out var content));
            Assert.Equal("m2", Encoding.UTF8.GetString(content.Metadata.Span));
            Assert.Equal("p2", Encoding.UTF8.GetString(content.Properties.Span));
            Assert.Equal("body two", Encoding.UTF8.GetString(content.Body.Span));
        }
    }

    private MessageStore Open() => MessageStore.Open(new() { Directory = _directory.FullName }, TimeProvider.System, NullLogger.Instance);
}
