using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite;

/// <summary>Exchanges bound to exchanges, internal exchanges and alternate exchanges: RabbitMQ's additions to AMQP 0-9-1 §1.6.</summary>
public abstract class ExchangeBindSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_message_goes_through_bound_exchanges()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("source", "topic");
        await channel.ExchangeDeclareAsync("middle", "fanout");
        await channel.ExchangeDeclareAsync("last", "direct");
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.ExchangeBindAsync("middle", "source", "a.#");
        await channel.ExchangeBindAsync("last", "middle", "");
        await channel.QueueBindAsync("q", "last", "a.b");
        await PublishAsync(channel, "source", "a.b", "through");
        await PublishAsync(channel, "source", "a.c", "not by the last");
        await PublishAsync(channel, "source", "b.b", "not by the first");
        Assert.Equal(["through"], await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task A_delivery_names_the_exchange_it_was_published_to()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("source", "fanout");
        await channel.ExchangeDeclareAsync("last", "fanout");
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.ExchangeBindAsync("last", "source", "");
        await channel.QueueBindAsync("q", "last", "");
        await PublishAsync(channel, "source", "k", "x");
        var message = await TakeAsync(channel, "q");
        Assert.Equal(("source", "k"), (message.Exchange, message.RoutingKey));
    }

    [Fact]
    public async Task A_queue_that_is_reached_twice_gets_one_copy()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("source", "fanout");
        await channel.ExchangeDeclareAsync("a", "fanout");
        await channel.ExchangeDeclareAsync("b", "fanout");
        await channel.QueueDeclareAsync("q", false, false, false);
        foreach (var way in new[] { "a", "b" })
        {
            await channel.ExchangeBindAsync(way, "source", "");
            await channel.QueueBindAsync("q", way, "");
        }

        await channel.QueueBindAsync("q", "source", "");
        await PublishAsync(channel, "source", "", "once");
        Assert.Equal(["once"], await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task Exchanges_bound_in_a_circle_route_once()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("a", "fanout");
        await channel.ExchangeDeclareAsync("b", "fanout");
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.ExchangeBindAsync("b", "a", "");
        await channel.ExchangeBindAsync("a", "b", "");
        await channel.ExchangeBindAsync("a", "a", "");
        await channel.QueueBindAsync("q", "b", "");
        await PublishAsync(channel, "a", "", "once");
        Assert.Equal(["once"], await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task An_unbound_exchange_gets_nothing_more()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("source", "direct");
        await channel.ExchangeDeclareAsync("x", "fanout");
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "x", "");
        await channel.ExchangeBindAsync("x", "source", "k");
        await PublishAsync(channel, "source", "k", "before");
        await channel.ExchangeUnbindAsync("x", "source", "k");
        await PublishAsync(channel, "source", "k", "after");
        Assert.Equal(["before"], await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task Binding_from_a_missing_exchange_closes_the_channel_with_404()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.declare", ("exchange", "x"), ("type", "direct"));
        await client.ChannelRefusesAsync(
            1, 404, "NOT_FOUND - no exchange 'source' in vhost '{vhost}'", "exchange.bind", ("destination", "x"), ("source", "source"));
    }

    [Fact]
    public async Task Binding_to_a_missing_exchange_closes_the_channel_with_404()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.declare", ("exchange", "source"), ("type", "direct"));
        await client.ChannelRefusesAsync(
            1, 404, "NOT_FOUND - no exchange 'x' in vhost '{vhost}'", "exchange.bind", ("destination", "x"), ("source", "source"));
    }

    [Fact]
    public async Task When_both_exchanges_are_missing_the_source_is_named()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(1, 404, "NOT_FOUND - no exchange 'source' in vhost '{vhost}'", "exchange.bind", ("destination", "x"), ("source", "source"));
    }

    [Fact]
    public async Task Unbinding_missing_exchanges_is_fine()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.unbind", ("destination", "x"), ("source", "source"));
    }

    [Fact]
    public async Task Unbinding_what_was_not_bound_is_fine()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.unbind", ("destination", "amq.fanout"), ("source", "amq.direct"), ("routing-key", "k"));
    }

    [Theory]
    [InlineData("", "amq.direct")]
    [InlineData("amq.direct", "")]
    public async Task The_default_exchange_is_neither_source_nor_destination(string destination, string source)
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1,
            403,
            "ACCESS_REFUSED - operation not permitted on the default exchange",
            "exchange.bind",
            ("destination", destination),
            ("source", source));
    }

    [Theory]
    [InlineData("", "amq.direct")]
    [InlineData("amq.direct", "")]
    public async Task The_default_exchange_is_not_unbound(string destination, string source)
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1,
            403,
            "ACCESS_REFUSED - operation not permitted on the default exchange",
            "exchange.unbind",
            ("destination", destination),
            ("source", source));
    }

    [Fact]
    public async Task Nothing_is_published_to_an_internal_exchange()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.declare", ("exchange", "x"), ("type", "fanout"), ("internal", true));
        await client.PublishAsync(1, "x", "", "m");
        await client.ExpectChannelCloseAsync(1, 403, "ACCESS_REFUSED - cannot publish to internal exchange 'x' in vhost '{vhost}'", "basic.publish");
    }

    [Fact]
    public async Task An_internal_exchange_routes_what_others_send_it()
    {
        var channel = await ChannelAsync();
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.declare", ("exchange", "x"), ("type", "fanout"), ("internal", true));
        await channel.ExchangeDeclareAsync("source", "fanout");
        await channel.ExchangeBindAsync("x", "source", "");
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "x", "");
        await PublishAsync(channel, "source", "", "m");
        Assert.Equal(["m"], await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task What_an_exchange_cannot_route_goes_to_its_alternate_exchange()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("rest", "fanout");
        await channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("alternate-exchange", "rest")));
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueDeclareAsync("others", false, false, false);
        await channel.QueueBindAsync("q", "x", "k");
        await channel.QueueBindAsync("others", "rest", "");
        await PublishAsync(channel, "x", "k", "routed");
        await PublishAsync(channel, "x", "other", "rest");
        Assert.Equal(["routed"], await DrainAsync(channel, "q"));
        Assert.Equal(["rest"], await DrainAsync(channel, "others"));
    }

    [Fact]
    public async Task A_message_from_an_alternate_exchange_keeps_its_exchange_and_key()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("alternate-exchange", "amq.fanout")));
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "amq.fanout", "");
        await PublishAsync(channel, "x", "k", "m");
        var message = await TakeAsync(channel, "q");
        Assert.Equal(("x", "k"), (message.Exchange, message.RoutingKey));
    }

    [Fact]
    public async Task An_alternate_exchange_may_have_one_itself()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("alternate-exchange", "y")));
        await channel.ExchangeDeclareAsync("y", "direct", arguments: Arguments(("alternate-exchange", "amq.fanout")));
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "amq.fanout", "");
        await PublishAsync(channel, "x", "k", "m");
        Assert.Equal(["m"], await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task Alternate_exchanges_in_a_circle_end()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("alternate-exchange", "y")));
        await channel.ExchangeDeclareAsync("y", "direct", arguments: Arguments(("alternate-exchange", "x")));
        await PublishAsync(channel, "x", "k", "m");
    }

    [Fact]
    public async Task A_missing_alternate_exchange_is_as_none()
    {
        var client = await RawAsync();
        await client.CallAsync(
            1, "exchange.declare", ("exchange", "x"), ("type", "direct"), ("arguments", Arguments(("alternate-exchange", "nowhere"))));
        await client.PublishAsync(1, "x", "k", "m", mandatory: true);
        Assert.Equal(312, (await client.ExpectContentAsync(1, "basic.return")).Method.Number("reply-code"));
    }

    [Fact]
    public async Task What_an_alternate_exchange_routes_is_not_returned()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "queue.bind", ("queue", "q"), ("exchange", "amq.fanout"));
        await client.CallAsync(
            1, "exchange.declare", ("exchange", "x"), ("type", "direct"), ("arguments", Arguments(("alternate-exchange", "amq.fanout"))));
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "x", "k", "m", mandatory: true);
        await client.ExpectAsync(1, "basic.ack");
    }

    [Fact]
    public async Task An_exchange_bound_to_another_that_routes_nowhere_uses_the_alternate_of_the_other()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("source", "fanout");
        await channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("alternate-exchange", "amq.fanout")));
        await channel.ExchangeBindAsync("x", "source", "");
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "amq.fanout", "");
        await PublishAsync(channel, "source", "k", "m");
        Assert.Equal(["m"], await DrainAsync(channel, "q"));
    }
}
