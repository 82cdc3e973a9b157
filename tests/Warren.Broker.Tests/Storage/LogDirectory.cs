using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Warren.Broker.Storage;

namespace Warren.Broker.Tests.Storage;

/// <summary>A data directory of one test, and short ways to fill and read it.</summary>
internal sealed class LogDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-log-");

    public string Path => _directory.FullName;

    public IReadOnlyList<string> Segments => [.. Directory.GetFiles(Path, "*.log").Order(StringComparer.Ordinal)];

    public static StoreOptions Small(string directory) => new() { Directory = directory, SegmentSize = 16 << 10, CompactionSlack = 64 << 10 };

    public MessageStore Open(StoreOptions? options = null, TimeProvider? time = null) =>
        MessageStore.Open(options ?? new() { Directory = Path }, time ?? TimeProvider.System, NullLogger.Instance);

    public void Clear()
    {
        foreach (var file in _directory.GetFiles())
            file.Delete();
    }

    public void Dispose() => _directory.Delete(recursive: true);
}

/// <summary>Records and contents in the words of tests.</summary>
internal static class StoreWords
{
    public static (long Lsn, StoredMessage Message) Add(this MessageStore store, long queueId, long position, string body, bool urgent = true)
    {
        using var record = store.Begin();
        var message = record.Enqueue([new(queueId, position)], "meta"u8, "properties"u8, Encoding.UTF8.GetBytes(body));
        return (record.Commit(urgent), message);
    }

    public static long Take(this MessageStore store, long queueId, long position, StoredMessage message, bool urgent = true)
    {
        using var record = store.Begin();
        record.Remove(queueId, position, message);
        return record.Commit(urgent);
    }

    public static long Define(this MessageStore store, string key, string value)
    {
        using var record = store.Begin();
        record.PutDefinition(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        return record.Commit(urgent: true);
    }

    public static ValueTask IsDurableAsync(this MessageStore store) => store.WaitAsync(store.AppendedLsn, CancellationToken.None);

    public static string Body(this MessageStore store, StoredMessage message) =>
        store.TryRead(message, out var content) ? Encoding.UTF8.GetString(content.Body.Span) : "(gone)";

    /// <summary>Everything that was recovered: "queue/position=body", with the deliveries if there were any.</summary>
    public static IReadOnlyList<string> Contents(this MessageStore store) =>
    [
        .. from queue in store.Recovered.Messages
           from message in queue.Value
           orderby queue.Key, message.Position
           let deliveries = message.Delivered ? $" delivered {message.DeliveryCount}" : ""
           select string.Create(CultureInfo.InvariantCulture, $"{queue.Key}/{message.Position}={store.Body(message.Message)}{deliveries}"),
    ];

    public static IReadOnlyList<string> Definitions(this MessageStore store) =>
    [
        .. store.Recovered.Definitions
            .Select(static definition => $"{Encoding.UTF8.GetString(definition.Key)}={Encoding.UTF8.GetString(definition.Value)}")
            .Order(StringComparer.Ordinal),
    ];
}
