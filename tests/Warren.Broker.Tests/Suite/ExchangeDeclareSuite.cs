using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite;

/// <summary>Declaring and deleting exchanges: AMQP 0-9-1 §1.6.2.</summary>
public abstract class ExchangeDeclareSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Theory]
    [InlineData("direct")]
    [InlineData("fanout")]
    [InlineData("topic")]
    [InlineData("headers")]
    public async Task Each_type_can_be_declared_again_and_again(string type)
    {
        var channel = await ChannelAsync();
        for (var i = 0; i < 2; i++)
            await channel.ExchangeDeclareAsync("x", type, durable: true, autoDelete: false);
        await channel.ExchangeDeclarePassiveAsync("x");
    }

    [Theory]
    [InlineData("amq.direct", "direct")]
    [InlineData("amq.fanout", "fanout")]
    [InlineData("amq.topic", "topic")]
    [InlineData("amq.headers", "headers")]
    [InlineData("amq.match", "headers")]
    public async Task A_virtual_host_begins_with_the_exchanges_of_the_specification(string name, string type)
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync(name, type, durable: true, autoDelete: false);
    }

    [Fact]
    public async Task The_exchange_for_tracing_cannot_be_deleted()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.declare", ("exchange", "amq.rabbitmq.trace"), ("passive", true));
        await client.ChannelRefusesAsync(
            1, 403, "ACCESS_REFUSED - deletion of system exchange 'amq.rabbitmq.trace' in vhost '{vhost}' not allowed", "exchange.delete", ("exchange", "amq.rabbitmq.trace"));
    }

    [Fact]
    public async Task A_type_that_does_not_exist_closes_the_connection_with_503()
    {
        var client = await RawAsync();
        await client.ConnectionRefusesAsync(
            1, 503, "COMMAND_INVALID - unknown exchange type 'x-nope'", "exchange.declare", ("exchange", "x"), ("type", "x-nope"));
    }

    [Fact]
    public async Task A_type_is_spelled_in_lower_case()
    {
        var client = await RawAsync();
        await client.ConnectionRefusesAsync(
            1, 503, "COMMAND_INVALID - unknown exchange type 'Direct'", "exchange.declare", ("exchange", "x"), ("type", "Direct"));
    }

    [Fact]
    public async Task A_type_must_be_given()
    {
        var client = await RawAsync();
        await client.ConnectionRefusesAsync(1, 503, "COMMAND_INVALID - invalid exchange type ''", "exchange.declare", ("exchange", "x"));
    }

    [Fact]
    public async Task The_type_of_an_existing_exchange_is_looked_at_first()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.declare", ("exchange", "x"), ("type", "direct"));
        await client.ConnectionRefusesAsync(
            1, 503, "COMMAND_INVALID - unknown exchange type 'nope'", "exchange.declare", ("exchange", "x"), ("type", "nope"));
    }

    [Theory]
    [InlineData("type", "fanout", "inequivalent arg 'type' for exchange 'x' in vhost '{vhost}': received 'fanout' but current is 'direct'")]
    [InlineData("durable", true, "inequivalent arg 'durable' for exchange 'x' in vhost '{vhost}': received 'true' but current is 'false'")]
    [InlineData("auto-delete", true, "inequivalent arg 'auto_delete' for exchange 'x' in vhost '{vhost}': received 'true' but current is 'false'")]
    [InlineData("internal", true, "inequivalent arg 'internal' for exchange 'x' in vhost '{vhost}': received 'true' but current is 'false'")]
    public async Task A_second_declaration_must_be_equivalent_to_the_first(string argument, object value, string text)
    {
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.declare", ("exchange", "x"), ("type", "direct"));
        await client.SendAsync(1, "exchange.declare", argument == "type"
            ? [("exchange", "x"), ("type", value)]
            : [("exchange", "x"), ("type", "direct"), (argument, value)]);
        await client.ExpectChannelCloseAsync(1, 406, "PRECONDITION_FAILED - " + text, "exchange.declare");
    }

    [Fact]
    public async Task The_alternate_exchange_of_a_second_declaration_must_be_the_same()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("alternate-exchange", "a")));
        await RefusedAsync(
            () => channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("alternate-exchange", "b"))),
            406,
            $"PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '{VirtualHost}': received 'b' but current is 'a'");
    }

    [Fact]
    public async Task An_alternate_exchange_cannot_be_left_out_later()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("alternate-exchange", "a")));
        await RefusedAsync(() => channel.ExchangeDeclareAsync("x", "direct"), 406, $"PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '{VirtualHost}': received none but current is the value 'a' of type 'longstr'");
    }

    [Fact]
    public async Task An_alternate_exchange_cannot_be_added_later()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct");
        await RefusedAsync(() => channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("alternate-exchange", "a"))), 406, $"PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '{VirtualHost}': received the value 'a' of type 'longstr' but current is none");
    }

    [Fact]
    public async Task Other_arguments_of_a_second_declaration_may_differ()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("anything", 1)));
        await channel.ExchangeDeclareAsync("x", "direct", arguments: Arguments(("anything", "else")));
    }

    [Fact]
    public async Task An_alternate_exchange_is_a_text()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1, 406, "PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in exchange 'x' in vhost '{vhost}'", "exchange.declare", ("exchange", "x"), ("type", "direct"), ("arguments", Arguments(("alternate-exchange", 5))));
    }

    [Fact]
    public async Task A_passive_declare_of_a_missing_exchange_closes_the_channel_with_404()
    {
        var channel = await ChannelAsync();
        await RefusedAsync(
            () => channel.ExchangeDeclarePassiveAsync("x"), 404, $"NOT_FOUND - no exchange 'x' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task A_passive_declare_looks_at_nothing_but_the_name()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.declare", ("exchange", "x"), ("type", "topic"));
        await client.CallAsync(1, "exchange.declare", ("exchange", "x"), ("type", "nope"), ("durable", true), ("passive", true));
    }

    [Fact]
    public async Task A_name_that_begins_with_amq_is_reserved()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1,
            403,
            "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
            "exchange.declare",
            ("exchange", "amq.mine"),
            ("type", "direct"));
    }

    [Fact]
    public async Task The_default_exchange_cannot_be_declared()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1, 403, "ACCESS_REFUSED - operation not permitted on the default exchange", "exchange.declare", ("exchange", ""), ("type", "direct"));
    }

    [Fact]
    public async Task The_default_exchange_cannot_be_declared_passively_either()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1, 403, "ACCESS_REFUSED - operation not permitted on the default exchange", "exchange.declare", ("exchange", ""), ("passive", true));
    }

    [Fact]
    public async Task The_default_exchange_cannot_be_deleted()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1, 403, "ACCESS_REFUSED - operation not permitted on the default exchange", "exchange.delete", ("exchange", ""));
    }

    [Fact]
    public async Task An_exchange_of_the_specification_cannot_be_deleted()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(1, 403, "ACCESS_REFUSED - deletion of system exchange 'amq.topic' in vhost '{vhost}' not allowed", "exchange.delete", ("exchange", "amq.topic"));
    }

    [Fact]
    public async Task Line_breaks_are_taken_out_of_a_name()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.declare", ("exchange", "a\r\nb"), ("type", "direct"));
        await client.CallAsync(1, "exchange.declare", ("exchange", "ab"), ("passive", true));
    }

    [Fact]
    public async Task A_name_may_have_255_octets_and_any_letters()
    {
        var name = new string('ü', 127) + "x";
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync(name, "direct");
        await channel.ExchangeDeclarePassiveAsync(name);
    }

    [Fact]
    public async Task A_name_that_is_not_UTF_8_closes_the_connection_with_501()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.MethodFrame, 1, [0, 40, 0, 10, 0, 0, 2, 0xC3, 0x28, 6, .. "direct"u8, 0, 0, 0, 0, 0]));
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - Malformed UTF-8 in shortstr", null);
    }

    [Fact]
    public async Task A_deleted_exchange_is_gone_with_its_bindings()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "fanout");
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "x", "");
        await channel.ExchangeDeleteAsync("x");
        await channel.ExchangeDeclareAsync("x", "fanout");
        await PublishAsync(channel, "x", "", "lost");
        Assert.Empty(await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task Deleting_a_missing_exchange_is_fine()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeleteAsync("x");
        await channel.ExchangeDeleteAsync("x", ifUnused: true);
    }

    [Fact]
    public async Task An_exchange_with_a_binding_is_in_use()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct");
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "x", "k");
        await RefusedAsync(() => channel.ExchangeDeleteAsync("x", ifUnused: true), 406, $"PRECONDITION_FAILED - exchange 'x' in vhost '{VirtualHost}' in use");
    }

    [Fact]
    public async Task An_exchange_that_is_only_a_destination_is_not_in_use()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("source", "direct");
        await channel.ExchangeDeclareAsync("x", "direct");
        await channel.ExchangeBindAsync("x", "source", "k");
        await channel.ExchangeDeleteAsync("x", ifUnused: true);
        await RefusedAsync(() => channel.ExchangeDeclarePassiveAsync("x"), 404, $"NOT_FOUND - no exchange 'x' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task An_unused_exchange_is_deleted_if_unused()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct");
        await channel.ExchangeDeleteAsync("x", ifUnused: true);
        await RefusedAsync(() => channel.ExchangeDeclarePassiveAsync("x"), 404, $"NOT_FOUND - no exchange 'x' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task An_auto_delete_exchange_waits_for_its_first_binding()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct", durable: false, autoDelete: true);
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "x", "a");
        await channel.QueueBindAsync("q", "x", "b");
        await channel.QueueUnbindAsync("q", "x", "a");
        await channel.ExchangeDeclarePassiveAsync("x");
        await channel.QueueUnbindAsync("q", "x", "b");
        await RefusedAsync(() => channel.ExchangeDeclarePassiveAsync("x"), 404, $"NOT_FOUND - no exchange 'x' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task An_auto_delete_exchange_goes_with_its_last_queue()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct", durable: false, autoDelete: true);
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "x", "k");
        await channel.QueueDeleteAsync("q");
        await RefusedAsync(() => channel.ExchangeDeclarePassiveAsync("x"), 404, $"NOT_FOUND - no exchange 'x' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task An_auto_delete_exchange_goes_with_its_last_destination_and_so_on()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("first", "direct", durable: false, autoDelete: true);
        await channel.ExchangeDeclareAsync("second", "direct", durable: false, autoDelete: true);
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.ExchangeBindAsync("second", "first", "k");
        await channel.QueueBindAsync("q", "second", "k");
        await channel.QueueDeleteAsync("q");
        await RefusedAsync(() => channel.ExchangeDeclarePassiveAsync("first"), 404, $"NOT_FOUND - no exchange 'first' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task An_exchange_without_auto_delete_stays_after_its_last_binding()
    {
        var channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync("x", "direct", durable: false, autoDelete: false);
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "x", "k");
        await channel.QueueUnbindAsync("q", "x", "k");
        await channel.ExchangeDeclarePassiveAsync("x");
    }
}
