using System.Text;

namespace Warren.Broker.Tests.Suite;

/// <summary>How a connection is opened and negotiated: AMQP 0-9-1 §2.2.4 and §4.2.2.</summary>
public abstract class HandshakeSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("AMQP\u0000\u0000\u0009\u0002")]
    [InlineData("AMQP\u0001\u0001\u0000\u0008")]
    [InlineData("AMQP\u0000\u0001\u0000\u0000")]
    public async Task A_header_the_broker_does_not_speak_is_answered_with_its_own_and_the_end(string header)
    {
        var client = await RawSocketAsync();
        await client.SendBytesAsync(Encoding.Latin1.GetBytes(header));
        Assert.Equal("AMQP\0\0\u0009\u0001"u8.ToArray(), await client.ReceiveBytesAsync(8));
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task The_header_of_0_9_is_taken_as_0_9_1()
    {
        var client = await RawSocketAsync();
        await client.SendBytesAsync("AMQP\u0001\u0001\0\u0009"u8.ToArray());
        var start = await client.ExpectAsync(0, "connection.start");
        Assert.Equal((0, 9), (start.Number("version-major"), start.Number("version-minor")));
    }

    [Fact]
    public async Task A_header_may_come_octet_by_octet()
    {
        var client = await RawSocketAsync();
        foreach (var octet in "AMQP\0\0\u0009\u0001"u8.ToArray())
            await client.SendBytesAsync([octet]);
        await client.ExpectAsync(0, "connection.start");
    }

    [Fact]
    public async Task The_broker_introduces_itself_as_RabbitMQ_with_its_capabilities()
    {
        var client = await RawConnectionAsync();
        var start = client.Start!;
        Assert.Equal((0, 9, "en_US"), (start.Number("version-major"), start.Number("version-minor"), start.Text("locales")));
        Assert.Equal(["AMQPLAIN", "PLAIN"], start.Text("mechanisms").Split(' ').Order());

        var properties = (IReadOnlyDictionary<string, object?>)start["server-properties"]!;
        Assert.Equal("RabbitMQ", properties["product"]);
        Assert.Matches(@"^3\.\d+\.\d+$", (string)properties["version"]!);
        Assert.Equal(
            ["capabilities", "cluster_name", "copyright", "information", "platform", "product", "version"], properties.Keys.Order(StringComparer.Ordinal));
        var capabilities = (IReadOnlyDictionary<string, object?>)properties["capabilities"]!;
        Assert.Equal(
            [
                "authentication_failure_close", "basic.nack", "connection.blocked", "consumer_cancel_notify", "consumer_priorities",
                "direct_reply_to", "exchange_exchange_bindings", "per_consumer_qos", "publisher_confirms",
            ],
            capabilities.Keys.Order(StringComparer.Ordinal));
        Assert.All(capabilities.Values, value => Assert.Equal(true, value));
    }

    [Fact]
    public async Task The_broker_offers_2047_channels_frames_of_128_KiB_and_a_heartbeat_of_a_minute()
    {
        var tune = (await RawConnectionAsync()).Tune!;
        Assert.Equal((2047, 131072, 60), (tune.Number("channel-max"), tune.Number("frame-max"), tune.Number("heartbeat")));
    }

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("AMQPLAIN")]
    public async Task A_user_may_log_in_with_each_mechanism(string mechanism)
    {
        var client = await RawConnectionAsync(new() { Mechanism = mechanism });
        await client.OpenChannelAsync(1);
    }

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("AMQPLAIN")]
    public async Task A_wrong_password_is_refused_with_403_to_a_client_that_can_hear_it(string mechanism)
    {
        var client = await RawSocketAsync();
        await client.LogInAsync(new() { Mechanism = mechanism, Password = "wrong" });
        await client.ExpectConnectionCloseAsync(
            403, $"ACCESS_REFUSED - Login was refused using authentication mechanism {mechanism}. For details see the broker logfile.", null);
    }

    [Fact]
    public async Task An_unknown_user_is_refused_as_a_wrong_password_is()
    {
        var client = await RawSocketAsync();
        await client.LogInAsync(new() { User = "nobody" });
        await client.ExpectConnectionCloseAsync(
            403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.", null);
    }

    [Fact]
    public async Task A_wrong_password_ends_the_connection_of_a_client_that_cannot_hear_more_without_a_word()
    {
        var client = await RawSocketAsync();
        await client.LogInAsync(new() { Password = "wrong", Capabilities = [] });
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task A_mechanism_that_was_not_offered_ends_the_connection_without_a_word()
    {
        var client = await RawSocketAsync();
        await client.LogInAsync(new() { Mechanism = "EXTERNAL" });
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task A_malformed_response_of_PLAIN_ends_the_connection_without_a_word()
    {
        var client = await RawSocketAsync();
        await client.SendHelloAsync();
        await client.ExpectAsync(0, "connection.start");
        await client.SendAsync(0, "connection.start-ok", ("mechanism", "PLAIN"), ("response", "guest"), ("locale", "en_US"),
            ("client-properties", Arguments(("capabilities", Arguments(("authentication_failure_close", true))))));
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task Opening_a_virtual_host_that_does_not_exist_is_refused_with_530()
    {
        var client = await RawSocketAsync();
        await client.TuneAsync();
        await client.ConnectionRefusesAsync(0, 530, "NOT_ALLOWED - vhost nowhere not found", "connection.open", ("virtual-host", "nowhere"));
    }

    [Fact]
    public async Task Opening_a_virtual_host_without_permission_is_refused_with_530()
    {
        await Broker.AddUserWithoutPermissionsAsync("stranger-at-the-door");
        var client = await RawSocketAsync();
        await client.TuneAsync(new() { User = "stranger-at-the-door" });
        await client.ConnectionRefusesAsync(
            0,
            530,
            "NOT_ALLOWED - access to vhost '{vhost}' refused for user 'stranger-at-the-door'",
            "connection.open",
            ("virtual-host", client.VirtualHost));
    }

    [Fact]
    public async Task A_method_before_connection_start_ok_ends_the_connection_without_a_word()
    {
        var client = await RawSocketAsync();
        await client.SendHelloAsync();
        await client.ExpectAsync(0, "connection.start");
        await client.SendAsync(0, "connection.open", ("virtual-host", client.VirtualHost));
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task A_channel_before_connection_open_is_refused()
    {
        var client = await RawSocketAsync();
        await client.TuneAsync();
        await client.SendAsync(1, "channel.open");
        await client.ExpectConnectionCloseAsync(505, "UNEXPECTED_FRAME - type 1, all octets = <<0,20,0,10,0>>", null);
    }
}
