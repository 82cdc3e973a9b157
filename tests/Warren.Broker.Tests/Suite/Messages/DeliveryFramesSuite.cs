namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>What consuming looks like frame by frame: order of answers and deliveries, no-wait, clients without capabilities.</summary>
public abstract class DeliveryFramesSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task Consume_ok_comes_before_the_first_delivery()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "a");

        Assert.Equal("mine", (await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "mine"))).Text("consumer-tag"));

        await client.ExpectContentAsync(1, "basic.deliver");
    }

    [Fact]
    public async Task A_consume_without_wait_is_answered_by_deliveries_only()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "a");

        await client.SendAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "mine"), ("no-wait", true));

        Assert.Equal("mine", (await client.ExpectContentAsync(1, "basic.deliver")).Method.Text("consumer-tag"));
    }

    [Fact]
    public async Task A_cancel_without_wait_is_not_answered()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "mine"));

        await client.SendAsync(1, "basic.cancel", ("consumer-tag", "mine"), ("no-wait", true));

        Assert.Equal(0, (await client.CallAsync(1, "queue.declare", ("queue", "q"))).Number("consumer-count"));
    }

    [Fact]
    public async Task A_cancel_is_answered_with_its_tag()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "mine"));

        Assert.Equal("mine", (await client.CallAsync(1, "basic.cancel", ("consumer-tag", "mine"))).Text("consumer-tag"));
    }

    [Fact]
    public async Task No_delivery_comes_after_cancel_ok()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        for (var i = 0; i < 100; i++)
            await client.PublishAsync(1, "", "q", $"{i}");
        await client.CallAsync(1, "basic.qos", ("prefetch-count", 5));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "mine"));
        await client.SendAsync(1, "basic.cancel", ("consumer-tag", "mine"));

        // Some come before it, or none.
        var delivered = 0;
        for (var next = await client.ReceiveAsync(); next.Name != "basic.cancel-ok"; next = await client.ReceiveAsync(), delivered++)
        {
            Assert.Equal("basic.deliver", next.Name);
            await client.ReceiveFrameAsync();
            await client.ReceiveFrameAsync();
        }

        await client.SendAsync(1, "basic.ack", ("delivery-tag", 0), ("multiple", true));
        Assert.InRange(delivered, 0, 5);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
    }

    [Fact]
    public async Task A_client_with_the_capability_is_told_that_its_consumer_is_gone()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.OpenChannelAsync(2);
        await client.CallAsync(2, "basic.consume", ("queue", "q"), ("consumer-tag", "mine"));

        await client.SendAsync(1, "queue.delete", ("queue", "q"));

        // The answer and the news are of two channels and may come in either order.
        RawMethod[] said = [await client.ReceiveAsync(), await client.ReceiveAsync()];
        var cancel = Assert.Single(said, method => method.Name == "basic.cancel");
        Assert.Equal((2, "mine", true), (cancel.Channel, cancel.Text("consumer-tag"), (bool)cancel["no-wait"]!));
        Assert.Single(said, method => method.Name == "queue.delete-ok");
    }

    [Fact]
    public async Task A_client_without_the_capability_is_told_nothing()
    {
        var client = await RawAsync(new RawTuning { Capabilities = [] });
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "mine"));

        await client.CallAsync(1, "queue.delete", ("queue", "q"));

        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.qos", ("prefetch-count", 1));
    }

    [Fact]
    public async Task Answering_the_brokers_cancel_closes_the_connection_with_503()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "mine"));
        await client.SendAsync(1, "queue.delete", ("queue", "q"));
        await client.ReceiveAsync();
        await client.ReceiveAsync();

        // It was sent with no-wait: no answer is expected, and RabbitMQ knows none.
        await client.SendAsync(1, "basic.cancel-ok", ("consumer-tag", "mine"));

        await client.ExpectConnectionCloseAsync(503, "COMMAND_INVALID - unimplemented method", "basic.cancel-ok");
    }

    [Fact]
    public async Task Qos_is_answered()
    {
        var client = await RawAsync();

        Assert.Empty((await client.CallAsync(1, "basic.qos", ("prefetch-count", 65_535))).Arguments);
        await client.CallAsync(1, "basic.qos", ("prefetch-count", 10), ("global", true));
    }

    [Fact]
    public async Task Acks_are_not_answered()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "a");
        await client.SendAsync(1, "basic.get", ("queue", "q"));
        await client.ExpectContentAsync(1, "basic.get-ok");

        await client.SendAsync(1, "basic.ack", ("delivery-tag", 1));

        await client.CallAsync(1, "queue.declare", ("queue", "q"));
    }

    [Theory]
    [InlineData("basic.consume")]
    [InlineData("basic.get")]
    public async Task Another_connections_exclusive_queue_is_refused_with_405(string method)
    {
        var owner = await RawAsync();
        await owner.CallAsync(1, "queue.declare", ("queue", "q"), ("exclusive", true));
        var client = await RawAsync();

        await client.SendAsync(1, method, ("queue", "q"));

        await client.ExpectChannelCloseAsync(
            1,
            405,
            $"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '{VirtualHost}'. It could be originally "
                + "declared on another connection or the exclusive property value does not match that of the original declaration.",
            method);
    }

    [Fact]
    public async Task Another_connection_may_publish_to_an_exclusive_queue()
    {
        var owner = await RawAsync();
        await owner.CallAsync(1, "queue.declare", ("queue", "q"), ("exclusive", true));
        await owner.CallAsync(1, "basic.consume", ("queue", "q"));
        var client = await RawAsync();

        await client.PublishAsync(1, "", "q", "a");

        Assert.Equal("a", Text((await owner.ExpectContentAsync(1, "basic.deliver")).Body));
    }

    [Fact]
    public async Task Deliveries_to_two_consumers_of_a_channel_alternate_on_the_wire()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "one"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "two"));
        for (var i = 0; i < 4; i++)
            await client.PublishAsync(1, "", "q", $"{i}");

        var seen = new List<(string, string)>();
        for (var i = 0; i < 4; i++)
        {
            var delivery = await client.ExpectContentAsync(1, "basic.deliver");
            seen.Add((delivery.Method.Text("consumer-tag"), Text(delivery.Body)));
        }

        Assert.Equal([("one", "0"), ("two", "1"), ("one", "2"), ("two", "3")], seen);
    }

    [Fact]
    public async Task A_frame_of_a_channel_that_closed_itself_is_ignored_until_close_ok()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "mine"));
        await client.SendAsync(1, "basic.ack", ("delivery-tag", 5));
        await client.PublishAsync(1, "", "q", "into the void");
        await client.SendAsync(1, "queue.declare", ("queue", "r"));

        await client.ExpectChannelCloseAsync(1, 406, "PRECONDITION_FAILED - unknown delivery tag 5", "basic.ack");
        await client.OpenChannelAsync(1);

        // What came after the error was not done.
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        await client.ExpectAsync(1, "basic.get-empty");
    }

    [Fact]
    public async Task A_channel_opened_again_counts_delivery_tags_from_one()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "a");
        await client.SendAsync(1, "basic.get", ("queue", "q"));
        await client.ExpectContentAsync(1, "basic.get-ok");
        await client.CallAsync(1, "channel.close");
        await client.OpenChannelAsync(1);

        await client.CallAsync(1, "basic.consume", ("queue", "q"));

        var again = await client.ExpectContentAsync(1, "basic.deliver");
        Assert.Equal((1L, true), (again.Method.Number("delivery-tag"), (bool)again.Method["redelivered"]!));
    }
}
