namespace Warren.Broker.Tests.Suite;

/// <summary>What a user may do by the patterns of names for configure, write and read: RabbitMQ's access control.</summary>
public abstract class PermissionSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Theory]
    [InlineData("queue.declare", "configure")]
    [InlineData("queue.delete", "configure")]
    [InlineData("exchange.declare", "configure")]
    [InlineData("exchange.delete", "configure")]
    [InlineData("queue.purge", "read")]
    [InlineData("basic.get", "read")]
    [InlineData("basic.consume", "read")]
    public async Task A_name_outside_the_pattern_is_refused_with_403(string method, string permission)
    {
        var (client, user) = await RestrictedAsync(
            ("configure", permission == "configure" ? "^mine" : ".*"), ("write", ".*"), ("read", permission == "read" ? "^mine" : ".*"));
        var kind = method.StartsWith("exchange", StringComparison.Ordinal) ? "exchange" : "queue";
        await client.SendAsync(1, method, method == "exchange.declare" ? [(kind, "theirs"), ("type", "direct")] : [(kind, "theirs")]);
        await client.ExpectChannelCloseAsync(1, 403, Refused($"{kind} 'theirs'", user), method);
    }

    [Fact]
    public async Task Names_within_the_patterns_are_free()
    {
        var (client, _) = await RestrictedAsync(("configure", "^mine"), ("write", "^(mine|amq\\.default)"), ("read", "^mine"));
        await client.CallAsync(1, "exchange.declare", ("exchange", "mine-x"), ("type", "fanout"));
        await client.CallAsync(1, "queue.declare", ("queue", "mine-q"));
        await client.CallAsync(1, "queue.bind", ("queue", "mine-q"), ("exchange", "mine-x"));
        await client.PublishAsync(1, "mine-x", "", "m");
        await client.PublishAsync(1, "", "mine-q", "m");
        Assert.Equal(2, (await client.CallAsync(1, "queue.purge", ("queue", "mine-q"))).Number("message-count"));
        await client.CallAsync(1, "queue.delete", ("queue", "mine-q"));
    }

    [Fact]
    public async Task A_pattern_matches_anywhere_in_a_name()
    {
        var (client, _) = await RestrictedAsync(("configure", "in"), ("write", ""), ("read", ""));
        await client.CallAsync(1, "queue.declare", ("queue", "begin"));
        await client.CallAsync(1, "queue.declare", ("queue", "in the middle"));
    }

    [Fact]
    public async Task An_empty_pattern_matches_no_name()
    {
        var (client, user) = await RestrictedAsync(("configure", ""), ("write", ".*"), ("read", ".*"));
        await client.ChannelRefusesAsync(1, 403, Refused("queue 'q'", user), "queue.declare", ("queue", "q"));
    }

    [Fact]
    public async Task A_passive_declaration_needs_no_permission()
    {
        var owner = await RawAsync();
        await owner.CallAsync(1, "queue.declare", ("queue", "q"));
        await owner.CallAsync(1, "exchange.declare", ("exchange", "x"), ("type", "direct"));
        var (client, _) = await RestrictedAsync(("configure", "^$"), ("write", "^$"), ("read", "^$"));
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("passive", true));
        await client.CallAsync(1, "exchange.declare", ("exchange", "x"), ("passive", true));
    }

    [Fact]
    public async Task Publishing_needs_write_on_the_exchange()
    {
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", "^mine"), ("read", ".*"));
        await client.PublishAsync(1, "amq.topic", "k", "m");
        await client.ExpectChannelCloseAsync(1, 403, Refused("exchange 'amq.topic'", user), "basic.publish");
    }

    [Fact]
    public async Task The_default_exchange_is_amq_default_to_the_patterns()
    {
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", "^mine"), ("read", ".*"));
        await client.PublishAsync(1, "", "q", "m");
        await client.ExpectChannelCloseAsync(1, 403, Refused("exchange 'amq.default'", user), "basic.publish");
    }

    [Fact]
    public async Task Permission_is_asked_before_a_missing_exchange_is_named()
    {
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", "^mine"), ("read", ".*"));
        await client.PublishAsync(1, "missing", "k", "m");
        await client.ExpectChannelCloseAsync(1, 403, Refused("exchange 'missing'", user), "basic.publish");
    }

    [Fact]
    public async Task Binding_needs_write_on_the_queue()
    {
        var owner = await RawAsync();
        await owner.CallAsync(1, "queue.declare", ("queue", "q"));
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", "^mine"), ("read", ".*"));
        await client.ChannelRefusesAsync(
            1, 403, Refused("queue 'q'", user), "queue.bind", ("queue", "q"), ("exchange", "amq.direct"), ("routing-key", "k"));
    }

    [Fact]
    public async Task Binding_needs_read_on_the_exchange()
    {
        var owner = await RawAsync();
        await owner.CallAsync(1, "queue.declare", ("queue", "q"));
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", ".*"), ("read", "^q"));
        await client.ChannelRefusesAsync(
            1, 403, Refused("exchange 'amq.direct'", user), "queue.bind", ("queue", "q"), ("exchange", "amq.direct"), ("routing-key", "k"));
    }

    [Fact]
    public async Task Unbinding_needs_what_binding_does()
    {
        var owner = await RawAsync();
        await owner.CallAsync(1, "queue.declare", ("queue", "q"));
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", "^mine"), ("read", ".*"));
        await client.ChannelRefusesAsync(
            1, 403, Refused("queue 'q'", user), "queue.unbind", ("queue", "q"), ("exchange", "amq.direct"), ("routing-key", "k"));
    }

    [Fact]
    public async Task Binding_exchanges_needs_write_on_the_destination()
    {
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", "^mine"), ("read", ".*"));
        await client.ChannelRefusesAsync(
            1, 403, Refused("exchange 'amq.fanout'", user), "exchange.bind", ("destination", "amq.fanout"), ("source", "amq.direct"));
    }

    [Fact]
    public async Task Binding_exchanges_needs_read_on_the_source()
    {
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", ".*"), ("read", "^mine"));
        await client.ChannelRefusesAsync(
            1, 403, Refused("exchange 'amq.direct'", user), "exchange.bind", ("destination", "amq.fanout"), ("source", "amq.direct"));
    }

    [Fact]
    public async Task A_dead_letter_exchange_needs_read_on_the_queue()
    {
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", ".*"), ("read", "^mine"));
        await client.ChannelRefusesAsync(
            1, 403, Refused("queue 'q'", user), "queue.declare", ("queue", "q"), ("arguments", Arguments(("x-dead-letter-exchange", "x"))));
    }

    [Fact]
    public async Task A_dead_letter_exchange_needs_write_on_the_exchange()
    {
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", "^mine"), ("read", ".*"));
        await client.ChannelRefusesAsync(
            1, 403, Refused("exchange 'x'", user), "queue.declare", ("queue", "q"), ("arguments", Arguments(("x-dead-letter-exchange", "x"))));
    }

    [Fact]
    public async Task An_alternate_exchange_needs_read_on_the_exchange()
    {
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", ".*"), ("read", "^mine"));
        await client.ChannelRefusesAsync(
            1,
            403,
            Refused("exchange 'x'", user),
            "exchange.declare",
            ("exchange", "x"),
            ("type", "direct"),
            ("arguments", Arguments(("alternate-exchange", "a"))));
    }

    [Fact]
    public async Task An_alternate_exchange_needs_write_on_itself()
    {
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", "^mine"), ("read", ".*"));
        await client.ChannelRefusesAsync(
            1,
            403,
            Refused("exchange 'a'", user),
            "exchange.declare",
            ("exchange", "x"),
            ("type", "direct"),
            ("arguments", Arguments(("alternate-exchange", "a"))));
    }

    [Fact]
    public async Task A_server_named_queue_needs_configure_on_its_name()
    {
        var (client, _) = await RestrictedAsync(("configure", "^amq\\.gen"), ("write", ""), ("read", ""));
        await client.CallAsync(1, "queue.declare");
    }

    [Fact]
    public async Task A_refused_user_id_is_named_with_the_user()
    {
        var (client, user) = await RestrictedAsync(("configure", ".*"), ("write", ".*"), ("read", ".*"));
        await client.PublishAsync(1, "", "q", "m", mandatory: false, ("user-id", "guest"));
        await client.ExpectChannelCloseAsync(
            1, 406, $"PRECONDITION_FAILED - user_id property set to 'guest' but authenticated user was '{user}'", "basic.publish");
    }

    private static string Refused(string resource, string user) =>
        $"ACCESS_REFUSED - access to {resource} in vhost '{{vhost}}' refused for user '{user}'";

    private async Task<(RawAmqpClient Client, string User)> RestrictedAsync(params (string Permission, string Pattern)[] patterns)
    {
        await UrlAsync();
        var user = $"user-{Guid.NewGuid():n}";
        var of = patterns.ToDictionary(pair => pair.Permission, pair => pair.Pattern);
        await Broker.AddUserAsync(user, VirtualHost, of["configure"], of["write"], of["read"]);
        return (await RawAsync(new() { User = user }), user);
    }
}
