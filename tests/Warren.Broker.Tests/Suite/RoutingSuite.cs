namespace Warren.Broker.Tests.Suite;

/// <summary>Where each type of exchange sends a message: AMQP 0-9-1 §3.1.3.</summary>
public abstract class RoutingSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Theory]
    [InlineData("k", "k", true)]
    [InlineData("k", "K", false)]
    [InlineData("k", "k.", false)]
    [InlineData("", "", true)]
    [InlineData("#", "k", false)]
    [InlineData("*", "k", false)]
    [InlineData("schlüssel ✓", "schlüssel ✓", true)]
    public Task A_direct_exchange_compares_keys_as_they_are(string binding, string key, bool matches) =>
        RoutesAsync("amq.direct", binding, key, matches);

    [Theory]
    [InlineData("a", "b")]
    [InlineData("", "anything")]
    public Task A_fanout_exchange_looks_at_no_key(string binding, string key) => RoutesAsync("amq.fanout", binding, key, matches: true);

    [Theory]
    [InlineData("a", "a", true)]
    [InlineData("a", "b", false)]
    [InlineData("a.b", "a.b", true)]
    [InlineData("a.b", "a.b.c", false)]
    [InlineData("a.b.c", "a.b", false)]
    [InlineData("*", "a", true)]
    [InlineData("*", "", false)]
    [InlineData("*", "a.b", false)]
    [InlineData("*.*", ".", true)]
    [InlineData("a.*", "a.b", true)]
    [InlineData("a.*", "a", false)]
    [InlineData("a.*", "a.", true)]
    [InlineData("a.*", "a.b.c", false)]
    [InlineData("*.b", "a.b", true)]
    [InlineData("a.*.c", "a.b.c", true)]
    [InlineData("a.*.c", "a.c", false)]
    [InlineData("#", "", true)]
    [InlineData("#", "a", true)]
    [InlineData("#", "a.b.c", true)]
    [InlineData("a.#", "a", true)]
    [InlineData("a.#", "a.b", true)]
    [InlineData("a.#", "a.b.c.d", true)]
    [InlineData("a.#", "ab", false)]
    [InlineData("#.z", "z", true)]
    [InlineData("#.z", "a.b.z", true)]
    [InlineData("#.z", "a.z.b", false)]
    [InlineData("a.#.z", "a.z", true)]
    [InlineData("a.#.z", "a.b.c.z", true)]
    [InlineData("a.#.z", "a.b.c", false)]
    [InlineData("#.b.#", "b", true)]
    [InlineData("#.b.#", "a.b.c", true)]
    [InlineData("#.b.#", "a.c", false)]
    [InlineData("#.#", "", true)]
    [InlineData("#.*", "", false)]
    [InlineData("#.*", "a.b", true)]
    [InlineData("*.#", "a", true)]
    [InlineData("*.#.*", "a", false)]
    [InlineData("*.#.*", "a.b", true)]
    [InlineData("a#", "ab", false)]
    [InlineData("a#", "a#", true)]
    [InlineData("a*.b", "ax.b", false)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("a..b", "a..b", true)]
    [InlineData("a.*.b", "a..b", true)]
    [InlineData("a.b", "a.*", false)]
    [InlineData("*.stock.#", "usd.stock.nyse.ibm", true)]
    [InlineData("größe.*", "größe.ü", true)]
    public Task A_topic_exchange_takes_a_star_for_a_word_and_a_hash_for_any_number(string pattern, string key, bool matches) =>
        RoutesAsync("amq.topic", pattern, key, matches);

    [Fact]
    public async Task A_key_of_255_octets_of_dots_is_routed()
    {
        await RoutesAsync("amq.topic", "#", new string('.', 255), matches: true);
        await RoutesAsync("amq.direct", new string('k', 255), new string('k', 255), matches: true);
    }

    [Theory]
    [InlineData("amq.direct")]
    [InlineData("amq.fanout")]
    [InlineData("amq.topic")]
    public async Task Many_bindings_that_match_make_one_copy(string exchange)
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        foreach (var key in new[] { "a.b", "a.*", "#", "*.b" })
            await channel.QueueBindAsync("q", exchange, key);
        await PublishAsync(channel, exchange, "a.b", "once");
        Assert.Equal(["once"], await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task Every_queue_with_a_matching_binding_gets_a_copy()
    {
        var channel = await ChannelAsync();
        foreach (var queue in new[] { "a", "b", "c" })
            await channel.QueueDeclareAsync(queue, false, false, false);
        await channel.QueueBindAsync("a", "amq.direct", "k");
        await channel.QueueBindAsync("b", "amq.direct", "k");
        await channel.QueueBindAsync("c", "amq.direct", "other");
        await PublishAsync(channel, "amq.direct", "k", "m");
        Assert.Equal(["m"], await DrainAsync(channel, "a"));
        Assert.Equal(["m"], await DrainAsync(channel, "b"));
        Assert.Empty(await DrainAsync(channel, "c"));
    }

    [Fact]
    public async Task A_removed_pattern_leaves_those_that_share_its_words()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        foreach (var pattern in new[] { "a.b", "a.b.c", "a.#" })
            await channel.QueueBindAsync("q", "amq.topic", pattern);
        await channel.QueueUnbindAsync("q", "amq.topic", "a.#");
        await channel.QueueUnbindAsync("q", "amq.topic", "a.b");
        await PublishAsync(channel, "amq.topic", "a.b", "no");
        await PublishAsync(channel, "amq.topic", "a.b.c", "yes");
        Assert.Equal(["yes"], await DrainAsync(channel, "q"));
    }

    [Fact]
    public async Task Messages_of_one_channel_reach_a_queue_in_order_whatever_their_way()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueBindAsync("q", "amq.fanout", "");
        await channel.QueueBindAsync("q", "amq.topic", "#");
        for (var i = 0; i < 30; i++)
            await PublishAsync(channel, (i % 3) switch { 0 => "", 1 => "amq.fanout", _ => "amq.topic" }, "q", $"{i}");
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"{i}"), await DrainAsync(channel, "q"));
    }

    private async Task RoutesAsync(string exchange, string binding, string key, bool matches)
    {
        var client = await RawAsync();
        // With no queue given an empty key would become the queue's name.
        var queue = (await client.CallAsync(1, "queue.declare", ("queue", $"q-{Guid.NewGuid():n}"))).Text("queue");
        await client.CallAsync(1, "queue.bind", ("queue", queue), ("exchange", exchange), ("routing-key", binding));
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, exchange, key, "m", mandatory: true);
        if (!matches)
            await client.ExpectContentAsync(1, "basic.return");
        await client.ExpectAsync(1, "basic.ack");
    }
}
