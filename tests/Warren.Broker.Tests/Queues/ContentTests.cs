using System.Globalization;
using System.Text;
using Warren.Broker.Tests.Connections;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Queues;

/// <summary>The contents of messages in queues that are too deep for the memory.</summary>
public sealed class ContentTests : IAsyncDisposable
{
    // Contents leave memory from half of it on, but for the first 256 of a queue.
    private const int MemoryLimit = 4 << 20;
    private const int Count = 600;
    private const int BodyLength = 6 << 10;

    private readonly SpoiltFiles _files = new();
    private readonly LogLines _log = new();
    private readonly ManualTimeProvider _clock = new();
    private EmbeddedBroker? _broker;

    [Fact]
    public async Task What_cannot_be_read_is_passed_over_and_the_rest_is_delivered()
    {
        await using var client = await StartAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await FillAsync(client, "q");
        _files.FailReads = true;

        await client.SendAsync(1, "basic.consume", ("queue", "q"), ("no-ack", true), ("consumer-tag", "c"));

        await client.ExpectAsync(1, "basic.consume-ok");
        for (var i = 0; i < 256; i++)
            Assert.Equal(i, NumberOf(await client.ExpectContentAsync(1, "basic.deliver")));
        // The last ones have not been written to a file yet.
        int last;
        do
            last = NumberOf(await client.ExpectContentAsync(1, "basic.deliver"));
        while (last < Count - 1);
        Assert.Contains(_log.Items, line => line.StartsWith("Error: The content of a message", StringComparison.Ordinal));
        Assert.Equal(0u, (await client.CallAsync(1, "queue.declare", ("queue", "q")))["message-count"]);
    }

    [Fact]
    public async Task A_get_passes_over_what_cannot_be_read()
    {
        await using var client = await StartAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await FillAsync(client, "q");
        _files.FailReads = true;

        var numbers = new List<int>();
        while (true)
        {
            await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
            numbers.Add(NumberOf(await client.ExpectContentAsync(1, "basic.get-ok")));
            if (numbers[^1] == Count - 1)
                break;
        }

        Assert.Equal(Enumerable.Range(0, 256), numbers[..256]);
        Assert.InRange(numbers.Count, 257, Count - 1);
    }

    [Fact]
    public async Task What_expires_and_cannot_be_read_keeps_nothing_else_from_being_dead_lettered()
    {
        await using var client = await StartAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "dead"));
        await client.CallAsync(
            1, "queue.declare", ("queue", "q"),
            ("arguments", new Dictionary<string, object?> { ["x-message-ttl"] = 1000, ["x-dead-letter-exchange"] = "", ["x-dead-letter-routing-key"] = "dead" }));
        await FillAsync(client, "q");
        _files.FailReads = true;

        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(0u, (await client.CallAsync(1, "queue.declare", ("queue", "q"), ("passive", true)))["message-count"]);
        var dead = (await client.CallAsync(1, "queue.declare", ("queue", "dead")))["message-count"];
        Assert.InRange(Convert.ToInt32(dead, CultureInfo.InvariantCulture), 257, Count - 1);
    }

    [Fact]
    public async Task What_cannot_be_written_out_stays_in_memory_and_harms_no_publisher()
    {
        _files.FailWrites = true;
        await using var client = await StartAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));

        await FillAsync(client, "q");

        Assert.Contains(_log.Items, line => line == "Warning: The contents of waiting messages cannot be written to disk, and stay in memory");
        for (var i = 0; i < Count; i++)
        {
            await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
            Assert.Equal(i, NumberOf(await client.ExpectContentAsync(1, "basic.get-ok")));
        }
    }

    [Fact]
    public async Task What_a_consumer_holds_leaves_memory_and_comes_back_when_it_is_returned()
    {
        await using var client = await StartAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        for (var i = 0; i < 4; i++)
            await FillAsync(client, "q");
        await client.OpenChannelAsync(2);
        await client.CallAsync(2, "basic.consume", ("queue", "q"));

        for (var i = 0; i < 4 * Count; i++)
            Assert.Equal(i % Count, NumberOf(await client.ExpectContentAsync(2, "basic.deliver")));

        // All are held, and nothing waits.
        Assert.InRange(_broker!.Engine.Memory.ContentBytes, 0, (MemoryLimit / 2) + (4 * BodyLength));
        await client.CallAsync(2, "channel.close");
        for (var i = 0; i < 4 * Count; i++)
        {
            await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
            Assert.Equal(i % Count, NumberOf(await client.ExpectContentAsync(1, "basic.get-ok")));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _files.FailReads = false;
        if (_broker is not null)
            await _broker.DisposeAsync();
        _log.Dispose();
    }

    private static int NumberOf(RawContent content)
    {
        Assert.Equal(BodyLength, content.Body.Length);
        return int.Parse(Encoding.UTF8.GetString(content.Body), CultureInfo.InvariantCulture);
    }

    // Each body is its number, as wide as all.
    private static async Task FillAsync(RawAmqpClient client, string queue)
    {
        for (var i = 0; i < Count; i++)
            await client.PublishAsync(1, "", queue, i.ToString(CultureInfo.InvariantCulture).PadLeft(BodyLength));
        await client.CallAsync(1, "basic.qos");
    }

    private async Task<RawAmqpClient> StartAsync()
    {
        _broker = await EmbeddedBroker.StartAsync(
            new() { MemoryLimit = MemoryLimit, OpenFile = _files.Open, LoggerFactory = _log, TimeProvider = _clock }, TestContext.Current.CancellationToken);
        var client = await RawAmqpClient.OpenAsync(_broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        return client;
    }
}
