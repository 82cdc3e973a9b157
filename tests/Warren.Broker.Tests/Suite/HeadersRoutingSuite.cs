namespace Warren.Broker.Tests.Suite;

/// <summary>How a headers exchange compares arguments of bindings with headers of messages: AMQP 0-9-1 §3.1.3.4.</summary>
public abstract class HeadersRoutingSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public Task All_arguments_must_be_among_the_headers() =>
        RoutesAsync([("x-match", "all"), ("a", 1), ("b", "x")], [("a", 1), ("b", "x"), ("c", true)], matches: true);

    [Fact]
    public Task One_missing_header_is_too_many_for_all() => RoutesAsync([("x-match", "all"), ("a", 1), ("b", "x")], [("a", 1)], matches: false);

    [Fact]
    public Task One_other_value_is_too_many_for_all() =>
        RoutesAsync([("x-match", "all"), ("a", 1), ("b", "x")], [("a", 1), ("b", "y")], matches: false);

    [Fact]
    public Task All_is_meant_when_nothing_is_said() => RoutesAsync([("a", 1), ("b", "x")], [("a", 1)], matches: false);

    [Fact]
    public Task One_header_is_enough_for_any() => RoutesAsync([("x-match", "any"), ("a", 1), ("b", "x")], [("a", 2), ("b", "x")], matches: true);

    [Fact]
    public Task None_is_too_few_for_any() => RoutesAsync([("x-match", "any"), ("a", 1), ("b", "x")], [("a", 2), ("c", "x")], matches: false);

    [Fact]
    public Task No_arguments_match_every_message_for_all() => RoutesAsync([("x-match", "all")], [("a", 1)], matches: true);

    [Fact]
    public Task No_arguments_match_no_message_for_any() => RoutesAsync([("x-match", "any")], [("a", 1)], matches: false);

    [Fact]
    public Task No_arguments_at_all_match_a_message_without_headers() => RoutesAsync([], null, matches: true);

    [Fact]
    public Task A_message_without_headers_has_none_of_the_wanted() => RoutesAsync([("a", 1)], null, matches: false);

    [Fact]
    public Task An_argument_without_a_value_wants_the_header_with_any() =>
        RoutesAsync([("x-match", "all"), ("a", null)], [("a", "whatever")], matches: true);

    [Fact]
    public Task An_argument_without_a_value_still_wants_the_header() => RoutesAsync([("x-match", "all"), ("a", null)], [("b", 1)], matches: false);

    [Fact]
    public Task Arguments_that_begin_with_x_are_not_compared() =>
        RoutesAsync([("x-match", "all"), ("x-wanted", 1), ("a", 1)], [("a", 1)], matches: true);

    [Fact]
    public Task Numbers_of_other_widths_are_the_same() => RoutesAsync([("a", 5)], [("a", 5L)], matches: true);

    [Fact]
    public Task A_text_is_no_number() => RoutesAsync([("a", 5)], [("a", "5")], matches: false);

    [Fact]
    public Task A_whole_double_is_the_same_as_an_integer() => RoutesAsync([("a", 5)], [("a", 5.0)], matches: true);

    [Fact]
    public Task Flags_are_compared() => RoutesAsync([("a", true)], [("a", false)], matches: false);

    [Fact]
    public Task Tables_within_are_compared() =>
        RoutesAsync([("a", Arguments(("b", 1)))], [("a", Arguments(("b", 1)))], matches: true);

    [Fact]
    public Task The_routing_key_is_not_looked_at() => RoutesAsync([("a", 1)], [("a", 1)], matches: true, bindingKey: "some", key: "other");

    [Fact]
    public Task All_with_x_compares_arguments_that_begin_with_x() =>
        RoutesAsync([("x-match", "all-with-x"), ("x-wanted", 1), ("a", 1)], [("a", 1)], matches: false);

    [Fact]
    public Task Any_with_x_compares_arguments_that_begin_with_x() =>
        RoutesAsync([("x-match", "any-with-x"), ("x-wanted", 1), ("a", 1)], [("x-wanted", 1)], matches: true);

    [Fact]
    public Task Any_without_x_does_not() => RoutesAsync([("x-match", "any"), ("x-wanted", 1), ("a", 1)], [("x-wanted", 1)], matches: false);

    [Fact]
    public async Task Any_other_x_match_closes_the_channel_with_406()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(
            1, 406, "PRECONDITION_FAILED - Invalid x-match field value <<\"some\">>; expected all, any, all-with-x, or any-with-x", "queue.bind", ("queue", "q"), ("exchange", "amq.headers"), ("routing-key", "k"), ("arguments", Arguments(("x-match", "some"))));
    }

    [Fact]
    public async Task An_x_match_that_is_no_text_closes_the_channel_with_406()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(
            1, 406, "PRECONDITION_FAILED - Invalid x-match field type signedint (value 1); expected longstr", "queue.bind", ("queue", "q"), ("exchange", "amq.headers"), ("routing-key", "k"), ("arguments", Arguments(("x-match", 1))));
    }

    private async Task RoutesAsync(
        (string Name, object? Value)[] arguments, (string Name, object? Value)[]? headers, bool matches, string bindingKey = "k", string key = "k")
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(
            1, "queue.bind", ("queue", "q"), ("exchange", "amq.headers"), ("routing-key", bindingKey), ("arguments", Arguments(arguments)));
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "amq.headers", key, "m", mandatory: true, headers is null ? [] : [("headers", Arguments(headers))]);
        if (!matches)
            await client.ExpectContentAsync(1, "basic.return");
        await client.ExpectAsync(1, "basic.ack");
    }
}
