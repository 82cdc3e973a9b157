using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite;

/// <summary>Declaring queues: AMQP 0-9-1 §1.7.2.1.</summary>
public abstract class QueueDeclareSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    private const string Locked =
        "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '{vhost}'. It could be originally declared on "
        + "another connection or the exclusive property value does not match that of the original declaration.";

    [Fact]
    public async Task A_declaration_tells_name_and_counts()
    {
        var client = await RawAsync();
        var ok = await client.CallAsync(1, "queue.declare", ("queue", "q"));
        Assert.Equal(("q", 0, 0), (ok.Text("queue"), ok.Number("message-count"), ok.Number("consumer-count")));
    }

    [Fact]
    public async Task A_second_declaration_counts_ready_messages_and_consumers()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.BasicQosAsync(0, 2, false);
        await ConsumeAsync(channel, "q", autoAck: false);
        for (var i = 0; i < 5; i++)
            await PublishAsync(channel, "", "q", "m");
        var counts = await channel.QueueDeclareAsync("q", false, false, false);
        // The two that the consumer holds are not ready.
        Assert.Equal((3u, 1u), (counts.MessageCount, counts.ConsumerCount));
    }

    [Fact]
    public async Task A_passive_declaration_counts_too()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await PublishAsync(channel, "", "q", "m");
        var counts = await channel.QueueDeclarePassiveAsync("q");
        Assert.Equal(("q", 1u, 0u), (counts.QueueName, counts.MessageCount, counts.ConsumerCount));
    }

    [Fact]
    public async Task A_queue_without_a_name_gets_one_of_its_own()
    {
        var channel = await ChannelAsync();
        var first = await channel.QueueDeclareAsync("", false, false, false);
        var second = await channel.QueueDeclareAsync("", false, false, false);
        Assert.Matches("^amq\\.gen-[A-Za-z0-9_-]{22}$", first.QueueName);
        Assert.NotEqual(first.QueueName, second.QueueName);
        await channel.QueueDeclarePassiveAsync(first.QueueName);
    }

    [Fact]
    public async Task The_last_declared_queue_of_a_channel_is_meant_by_no_name()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "first"));
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "queue.bind", ("exchange", "amq.direct"), ("routing-key", "k"));
        await client.PublishAsync(1, "amq.direct", "k", "m");
        Assert.Equal(1, (await client.CallAsync(1, "queue.purge")).Number("message-count"));
        await client.CallAsync(1, "queue.unbind", ("exchange", "amq.direct"), ("routing-key", "k"));
        await client.CallAsync(1, "basic.consume", ("consumer-tag", "c"));
        await client.CallAsync(1, "basic.cancel", ("consumer-tag", "c"));
        await client.CallAsync(1, "queue.delete");
        await client.ChannelRefusesAsync(1, 404, "NOT_FOUND - no queue 'q' in vhost '{vhost}'", "queue.declare", ("queue", "q"), ("passive", true));
    }

    [Fact]
    public async Task A_routing_key_that_is_left_out_with_the_queue_is_the_queue_s_name()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "queue.bind", ("exchange", "amq.direct"));
        await client.PublishAsync(1, "amq.direct", "q", "m");
        Assert.Equal(1, (await client.CallAsync(1, "queue.purge")).Number("message-count"));
    }

    [Theory]
    [InlineData("queue.bind")]
    [InlineData("queue.purge")]
    [InlineData("queue.delete")]
    [InlineData("basic.get")]
    [InlineData("basic.consume")]
    public async Task No_name_on_a_channel_that_declared_nothing_closes_it_with_404(string method)
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(1, 404, "NOT_FOUND - no previously declared queue", method);
    }

    [Fact]
    public async Task No_name_in_a_passive_declaration_is_a_missing_queue()
    {
        // Everywhere else it would be the last declared queue.
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(1, 404, "NOT_FOUND - no queue '' in vhost '{vhost}'", "queue.declare", ("passive", true));
    }

    [Fact]
    public async Task A_passive_declaration_makes_a_queue_the_last_declared()
    {
        var client = await RawAsync();
        await client.OpenChannelAsync(2);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(2, "queue.declare", ("queue", "q"), ("passive", true));
        await client.CallAsync(2, "queue.purge");
    }

    [Fact]
    public async Task A_passive_declaration_of_a_missing_queue_closes_the_channel_with_404()
    {
        var channel = await ChannelAsync();
        await RefusedAsync(() => channel.QueueDeclarePassiveAsync("q"), 404, $"NOT_FOUND - no queue 'q' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task A_passive_declaration_looks_at_nothing_but_the_name()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(
            1,
            "queue.declare",
            ("queue", "q"),
            ("passive", true),
            ("durable", true),
            ("auto-delete", true),
            ("arguments", Arguments(("x-max-length", 1))));
    }

    [Fact]
    public async Task A_name_that_begins_with_amq_is_reserved()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1, 403, "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'", "queue.declare", ("queue", "amq.mine"));
    }

    [Fact]
    public async Task A_reserved_name_that_exists_is_refused_as_well()
    {
        var client = await RawAsync();
        var name = (await client.CallAsync(1, "queue.declare")).Text("queue");
        await client.ChannelRefusesAsync(
            1, 403, $"ACCESS_REFUSED - queue name '{name}' contains reserved prefix 'amq.*'", "queue.declare", ("queue", name));
    }

    [Fact]
    public async Task Line_breaks_are_taken_out_of_a_name()
    {
        var client = await RawAsync();
        Assert.Equal("ab", (await client.CallAsync(1, "queue.declare", ("queue", "a\r\nb"))).Text("queue"));
    }

    [Theory]
    [InlineData("durable", "inequivalent arg 'durable' for queue 'q' in vhost '{vhost}': received 'true' but current is 'false'")]
    [InlineData("auto-delete", "inequivalent arg 'auto_delete' for queue 'q' in vhost '{vhost}': received 'true' but current is 'false'")]
    public async Task A_second_declaration_must_be_equivalent_to_the_first(string argument, string text)
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(1, 406, "PRECONDITION_FAILED - " + text, "queue.declare", ("queue", "q"), (argument, true));
    }

    [Fact]
    public async Task A_queue_cannot_become_exclusive()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(1, 405, Locked, "queue.declare", ("queue", "q"), ("exclusive", true));
    }

    [Fact]
    public async Task An_exclusive_queue_cannot_become_shared()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("exclusive", true));
        await client.ChannelRefusesAsync(1, 405, Locked, "queue.declare", ("queue", "q"));
    }

    [Theory]
    [InlineData("queue.declare", "")]
    [InlineData("queue.declare", "passive")]
    [InlineData("queue.declare", "exclusive")]
    [InlineData("queue.bind", "")]
    [InlineData("queue.purge", "")]
    [InlineData("queue.delete", "")]
    [InlineData("basic.consume", "")]
    [InlineData("basic.get", "")]
    public async Task An_exclusive_queue_is_locked_to_other_connections_with_405(string method, string flag)
    {
        var owner = await RawAsync();
        await owner.CallAsync(1, "queue.declare", ("queue", "q"), ("exclusive", true));
        var other = await RawAsync();
        List<(string, object?)> arguments = [("queue", "q")];
        if (flag.Length > 0)
            arguments.Add((flag, true));
        if (method == "queue.bind")
            arguments.Add(("exchange", "amq.direct"));
        await other.ChannelRefusesAsync(
            1,
            405,
            Locked,
            method,
            [.. arguments]);
    }

    [Fact]
    public async Task An_exclusive_queue_takes_messages_from_other_connections()
    {
        var owner = await ChannelAsync();
        await owner.QueueDeclareAsync("q", durable: false, exclusive: true, autoDelete: false);
        await PublishAsync(await ChannelAsync(), "", "q", "m");
        Assert.Equal(["m"], await DrainAsync(owner, "q"));
    }

    [Fact]
    public async Task An_exclusive_queue_serves_all_channels_of_its_connection()
    {
        var connection = await ConnectAsync();
        var first = await ChannelAsync(connection);
        var second = await ChannelAsync(connection);
        await first.QueueDeclareAsync("q", durable: false, exclusive: true, autoDelete: false);
        await PublishAsync(first, "", "q", "m");
        await first.CloseAsync();
        Assert.Equal(["m"], await DrainAsync(second, "q"));
    }

    [Fact]
    public async Task An_auto_delete_queue_waits_for_its_first_consumer_and_goes_with_its_last()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("auto-delete", true));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "a"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "b"));
        await client.CallAsync(1, "basic.cancel", ("consumer-tag", "a"));
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("passive", true));
        await client.CallAsync(1, "basic.cancel", ("consumer-tag", "b"));
        await client.ChannelRefusesAsync(1, 404, "NOT_FOUND - no queue 'q' in vhost '{vhost}'", "queue.declare", ("queue", "q"), ("passive", true));
    }

    [Fact]
    public async Task An_auto_delete_queue_goes_with_the_channel_of_its_last_consumer()
    {
        var client = await RawAsync();
        await client.OpenChannelAsync(2);
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("auto-delete", true));
        await client.CallAsync(2, "basic.consume", ("queue", "q"));
        await client.CallAsync(2, "channel.close", ("reply-code", 200));
        await client.ChannelRefusesAsync(1, 404, "NOT_FOUND - no queue 'q' in vhost '{vhost}'", "queue.declare", ("queue", "q"), ("passive", true));
    }

    [Fact]
    public async Task Getting_a_message_does_not_end_an_auto_delete_queue()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("auto-delete", true));
        await client.SendAsync(1, "basic.get", ("queue", "q"));
        await client.ExpectAsync(1, "basic.get-empty");
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("passive", true));
    }

    [Fact]
    public async Task All_flags_may_be_set_at_once()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true), ("exclusive", true), ("auto-delete", true));
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true), ("exclusive", true), ("auto-delete", true));
    }

    [Fact]
    public async Task Queues_of_the_same_name_in_two_virtual_hosts_are_two()
    {
        var here = await ChannelAsync();
        await here.QueueDeclareAsync("q", false, false, false);
        await using var elsewhere = await RawAmqpClient.OpenAsync(await Broker.UrlAsync());
        await elsewhere.OpenChannelAsync(1);
        await elsewhere.ChannelRefusesAsync(
            1, 404, "NOT_FOUND - no queue 'q' in vhost '{vhost}'", "queue.declare", ("queue", "q"), ("passive", true));
    }
}
