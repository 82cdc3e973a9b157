using System.Text;
using Warren.Broker.Tests.Storage;
using Warren.Broker.Tests.Suite;

namespace Warren.Broker.Tests.Queues;

/// <summary>Keys that a client can give as long strings, where keys are short ones everywhere else.</summary>
public sealed class LongKeyTests : IDisposable
{
    private static readonly string Long = new('k', 300);

    private readonly LogDirectory _directory = new();

    [Fact]
    public async Task A_message_with_a_long_key_among_its_copies_is_kept_and_found_again()
    {
        await using (var broker = await StartAsync())
        {
            await using var client = await OpenAsync(broker);
            await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true));
            await client.CallAsync(1, "queue.bind", ("queue", "q"), ("exchange", "amq.topic"), ("routing-key", "#"));
            await client.CallAsync(1, "confirm.select");
            await client.PublishAsync(
                1, "amq.topic", "", "kept", properties: [("delivery-mode", (byte)2), ("headers", new Dictionary<string, object?> { ["CC"] = new object[] { Long, "short" } })]);
            await client.ExpectAsync(1, "basic.ack");
        }

        await using var again = await StartAsync();
        await using var reader = await OpenAsync(again);
        await reader.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));

        Assert.Equal("kept", Encoding.UTF8.GetString((await reader.ExpectContentAsync(1, "basic.get-ok")).Body));
    }

    [Fact]
    public async Task A_dead_letter_key_that_no_delivery_can_carry_is_refused()
    {
        await using var broker = await StartAsync();
        await using var client = await OpenAsync(broker);

        await client.ChannelRefusesAsync(
            1, 406, "PRECONDITION_FAILED - invalid arg 'x-dead-letter-routing-key' for queue 'q' in vhost '/': {max_value_exceeded,300}", "queue.declare",
            ("queue", "q"), ("arguments", new Dictionary<string, object?> { ["x-dead-letter-exchange"] = "", ["x-dead-letter-routing-key"] = Long }));
    }

    public void Dispose() => _directory.Dispose();

    private static async Task<RawAmqpClient> OpenAsync(EmbeddedBroker broker)
    {
        var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        return client;
    }

    private Task<EmbeddedBroker> StartAsync() => EmbeddedBroker.StartAsync(new() { Data = _directory.Path }, TestContext.Current.CancellationToken);
}
