using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Storage;

/// <summary>It weighs the memory of the process, which others would use meanwhile.</summary>
[Collection(AloneCollection.Name)]
public sealed class LargeLogTests : IDisposable
{
    private readonly LogDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_million_messages_are_recovered_and_their_bodies_stay_on_the_disk()
    {
        const int Count = 1_000_000;
        const int BodyLength = 1024;
        var body = new byte[BodyLength];
        await using (var store = _directory.Open())
        {
            for (var i = 0; i < Count; i++)
            {
                BitConverter.TryWriteBytes(body, i);
                using (var record = store.Begin())
                {
                    record.Enqueue([new(1, i)], "metadata"u8, "properties"u8, body);
                    record.Commit(urgent: false);
                }
                if (store.IsCongested)
                    await store.WhenRoomAsync(CancellationToken.None);
            }
        }

        var before = GC.GetTotalMemory(forceFullCollection: true);
        await using var recovered = _directory.Open();
        var messages = recovered.Recovered.TakeMessages(1);
        Assert.Equal(Count, messages.Count);
        var perMessage = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Count;
        Assert.InRange(perMessage, 1, 200);

        foreach (var i in (int[])[0, 1, 12_345, 500_000, Count - 1])
        {
            Assert.True(recovered.TryRead(messages[i].Message, out var content));
            Assert.Equal(i, BitConverter.ToInt32(content.Body.Span));
        }
        var seen = 0;
        recovered.VisitMetadata([.. messages.Select(static message => message.Message)], (_, metadata) => seen += metadata.SequenceEqual("metadata"u8) ? 1 : 0);
        Assert.Equal(Count, seen);

        // The queue is purged with one operation, and all of its segments go.
        using (var record = recovered.Begin())
        {
            record.RemoveRange(1, 0, Count);
            foreach (var message in messages)
                record.Release(message.Message, 1);
            record.Commit(urgent: true);
        }
        await recovered.IsDurableAsync();
        await Eventually.ThatAsync(() => recovered.Usage().Segments == 1, "the segments are gone");
    }
}
