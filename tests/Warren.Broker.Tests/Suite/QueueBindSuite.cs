using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite;

/// <summary>Binding and unbinding queues: AMQP 0-9-1 §1.7.2.3 and §1.7.2.5.</summary>
public abstract class QueueBindSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task Every_queue_is_bound_to_the_default_exchange_by_its_name()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueDeclareAsync("q.a", false, false, false);
        await PublishAsync(channel, "", "q", "m");
        Assert.Equal(["m"], await DrainAsync(channel, "q"));
        Assert.Empty(await DrainAsync(channel, "q.a"));
    }

    [Fact]
    public async Task A_binding_made_twice_is_one()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "amq.direct", "k");
        await channel.QueueBindAsync("q", "amq.direct", "k");
        await channel.QueueUnbindAsync("q", "amq.direct", "k");
        await PublishAsync(channel, "amq.direct", "k", "m");
        Assert.Empty(await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task Bindings_with_other_arguments_are_others()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "amq.direct", "k", Arguments(("a", 1)));
        await channel.QueueBindAsync("q", "amq.direct", "k", Arguments(("a", 2)));
        await channel.QueueUnbindAsync("q", "amq.direct", "k", Arguments(("a", 1)));
        await PublishAsync(channel, "amq.direct", "k", "still bound");
        await channel.QueueUnbindAsync("q", "amq.direct", "k", Arguments(("a", 2)));
        await PublishAsync(channel, "amq.direct", "k", "not any more");
        Assert.Equal(["still bound"], await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task The_order_of_arguments_does_not_matter_to_an_unbind()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "amq.direct", "k", Arguments(("a", 1), ("b", "x")));
        await channel.QueueUnbindAsync("q", "amq.direct", "k", Arguments(("b", "x"), ("a", 1)));
        await PublishAsync(channel, "amq.direct", "k", "m");
        Assert.Empty(await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task Binding_a_missing_queue_closes_the_channel_with_404()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1, 404, "NOT_FOUND - no queue 'q' in vhost '{vhost}'", "queue.bind", ("queue", "q"), ("exchange", "amq.direct"), ("routing-key", "k"));
    }

    [Fact]
    public async Task Binding_to_a_missing_exchange_closes_the_channel_with_404()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(
            1, 404, "NOT_FOUND - no exchange 'x' in vhost '{vhost}'", "queue.bind", ("queue", "q"), ("exchange", "x"));
    }

    [Fact]
    public async Task When_both_are_missing_the_exchange_is_named()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1, 404, "NOT_FOUND - no exchange 'x' in vhost '{vhost}'", "queue.bind", ("queue", "q"), ("exchange", "x"), ("routing-key", "k"));
    }

    [Fact]
    public async Task Unbinding_is_fine_whatever_is_missing()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "queue.unbind", ("queue", "q"), ("exchange", "amq.direct"), ("routing-key", "never bound"));
        await client.CallAsync(1, "queue.unbind", ("queue", "q"), ("exchange", "missing"), ("routing-key", "k"));
        await client.CallAsync(1, "queue.unbind", ("queue", "missing"), ("exchange", "amq.direct"), ("routing-key", "k"));
    }

    [Fact]
    public async Task Nothing_is_bound_to_the_default_exchange()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(
            1, 403, "ACCESS_REFUSED - operation not permitted on the default exchange", "queue.bind", ("queue", "q"), ("routing-key", "k"));
    }

    [Fact]
    public async Task Nothing_is_unbound_from_the_default_exchange()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(
            1, 403, "ACCESS_REFUSED - operation not permitted on the default exchange", "queue.unbind", ("queue", "q"), ("routing-key", "q"));
    }

    [Fact]
    public async Task A_binding_goes_with_its_queue()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "amq.fanout", "");
        await channel.QueueDeleteAsync("q");
        await channel.QueueDeclareAsync("q", false, false, false);
        await PublishAsync(channel, "amq.fanout", "", "m");
        Assert.Empty(await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task A_transient_queue_may_be_bound_to_a_durable_exchange_and_the_other_way_round()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("durable", "fanout", durable: true);
        await channel.ExchangeDeclareAsync("transient", "fanout", durable: false);
        await channel.QueueDeclareAsync("dq", durable: true, exclusive: false, autoDelete: false);
        await channel.QueueDeclareAsync("tq", durable: false, exclusive: false, autoDelete: false);
        foreach (var exchange in new[] { "durable", "transient" })
        {
            await channel.QueueBindAsync("dq", exchange, "");
            await channel.QueueBindAsync("tq", exchange, "");
            await PublishAsync(channel, exchange, "", exchange);
        }

        Assert.Equal(["durable", "transient"], await DrainAsync(channel, "dq"));
        Assert.Equal(["durable", "transient"], await DrainAsync(channel, "tq"));
    }
}
