using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite;

/// <summary>Sender-selected distribution by the headers CC and BCC: an addition of RabbitMQ.</summary>
public abstract class CarbonCopySuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Theory]
    [InlineData("CC")]
    [InlineData("BCC")]
    public async Task Further_routing_keys_are_routed_as_the_first(string header)
    {
        var channel = await QueuesAsync("a", "b", "c", "d");
        await PublishAsync(channel, "", "a", "m", Headers((header, new List<object?> { "b", "c" })));
        Assert.Equal([1, 1, 1, 0], await CountsAsync(channel, "a", "b", "c", "d"));
    }

    [Fact]
    public async Task Both_headers_may_be_used_at_once()
    {
        var channel = await QueuesAsync("a", "b", "c");
        await PublishAsync(channel, "", "a", "m", Headers(("CC", new List<object?> { "b" }), ("BCC", new List<object?> { "c" })));
        Assert.Equal([1, 1, 1], await CountsAsync(channel, "a", "b", "c"));
    }

    [Fact]
    public async Task CC_arrives_and_BCC_does_not()
    {
        var channel = await QueuesAsync("a", "b", "c");
        await PublishAsync(
            channel, "", "a", "m", Headers(("CC", new List<object?> { "b" }), ("BCC", new List<object?> { "c" }), ("other", 1)));
        foreach (var queue in new[] { "a", "b", "c" })
        {
            var headers = (await TakeAsync(channel, queue)).BasicProperties.Headers!;
            Assert.Equal(new List<object?> { "b" }, ((IEnumerable<object>)headers["CC"]!).Select(key => Text((byte[])key)));
            Assert.DoesNotContain("BCC", headers);
            Assert.Equal(1, headers["other"]);
        }
    }

    [Fact]
    public async Task Each_copy_tells_the_first_routing_key()
    {
        var channel = await QueuesAsync("a", "b");
        await PublishAsync(channel, "", "a", "m", Headers(("CC", new List<object?> { "b" })));
        Assert.Equal("a", (await TakeAsync(channel, "b")).RoutingKey);
    }

    [Fact]
    public async Task A_queue_that_is_named_twice_gets_one_copy()
    {
        var channel = await QueuesAsync("a");
        await PublishAsync(channel, "", "a", "m", Headers(("CC", new List<object?> { "a", "a" }), ("BCC", new List<object?> { "a" })));
        Assert.Equal([1], await CountsAsync(channel, "a"));
    }

    [Theory]
    [InlineData("amq.direct")]
    [InlineData("amq.topic")]
    public async Task Other_exchanges_route_them_too(string exchange)
    {
        var channel = await QueuesAsync("a", "b");
        await channel.QueueBindAsync("a", exchange, "ka");
        await channel.QueueBindAsync("b", exchange, "kb");
        await PublishAsync(channel, exchange, "ka", "m", Headers(("CC", new List<object?> { "kb" })));
        Assert.Equal([1, 1], await CountsAsync(channel, "a", "b"));
    }

    [Fact]
    public async Task A_mandatory_message_is_returned_when_no_key_leads_anywhere()
    {
        var client = await RawAsync();
        await client.PublishAsync(1, "", "nowhere", "m", mandatory: true, ("headers", Arguments(("CC", new List<object?> { "nowhere else" }))));
        await client.ExpectContentAsync(1, "basic.return");
    }

    [Fact]
    public async Task A_mandatory_message_is_not_returned_when_a_further_key_leads_somewhere()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "", "nowhere", "m", mandatory: true, ("headers", Arguments(("BCC", new List<object?> { "q" }))));
        await client.ExpectAsync(1, "basic.ack");
    }

    [Theory]
    [InlineData("CC")]
    [InlineData("BCC")]
    public async Task A_header_that_is_no_array_closes_the_channel_with_406(string header)
    {
        var client = await RawAsync();
        await client.PublishAsync(1, "", "q", "m", mandatory: false, ("headers", Arguments((header, "q"))));
        await client.ExpectChannelCloseAsync(1, 406, $"PRECONDITION_FAILED - invalid message: {{unacceptable_type_in_header,\"{header}\",longstr}}", "basic.publish");
    }

    [Fact]
    public async Task Keys_that_are_no_text_are_passed_over()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "", "nowhere", "m", mandatory: true, ("headers", Arguments(("CC", new List<object?> { 1, "q" }))));
        await client.ExpectAsync(1, "basic.ack");
    }

    [Fact]
    public async Task The_names_of_the_headers_are_upper_case()
    {
        var channel = await QueuesAsync("a", "b");
        await PublishAsync(channel, "", "a", "m", Headers(("cc", new List<object?> { "b" })));
        Assert.Equal([1, 0], await CountsAsync(channel, "a", "b"));
    }

    private static BasicProperties Headers(params (string Name, object? Value)[] headers) => new() { Headers = Arguments(headers) };

    private async Task<IChannel> QueuesAsync(params string[] queues)
    {
        var channel = await ChannelAsync();
        foreach (var queue in queues)
            await channel.QueueDeclareAsync(queue, false, false, false);
        return channel;
    }

    private static async Task<List<int>> CountsAsync(IChannel channel, params string[] queues)
    {
        var counts = new List<int>();
        foreach (var queue in queues)
            counts.Add((int)(await channel.QueueDeclarePassiveAsync(queue)).MessageCount);
        return counts;
    }
}
