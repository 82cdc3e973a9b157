namespace Warren.Broker.Tests.Suite;

/// <summary>The arguments of queues: which values are taken, which are refused and how, and which must stay the same.</summary>
public abstract class QueueArgumentsSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Theory]
    [InlineData("x-message-ttl", 0)]
    [InlineData("x-message-ttl", 4294967296L)]
    [InlineData("x-expires", 1)]
    [InlineData("x-max-length", 0)]
    [InlineData("x-max-length-bytes", 0L)]
    [InlineData("x-max-priority", 1)]
    [InlineData("x-max-priority", 255)]
    [InlineData("x-overflow", "drop-head")]
    [InlineData("x-overflow", "reject-publish")]
    [InlineData("x-overflow", "reject-publish-dlx")]
    [InlineData("x-queue-mode", "lazy")]
    [InlineData("x-queue-mode", "default")]
    [InlineData("x-queue-version", 1)]
    [InlineData("x-queue-version", 2)]
    [InlineData("x-queue-type", "classic")]
    [InlineData("x-single-active-consumer", true)]
    [InlineData("x-dead-letter-exchange", "nowhere")]
    [InlineData("x-dead-letter-exchange", "")]
    [InlineData("x-queue-master-locator", "client-local")]
    [InlineData("anything", "at all")]
    public async Task A_valid_argument_is_taken(string argument, object value)
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", Arguments((argument, value))));
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", Arguments((argument, value))));
    }

    [Theory]
    [InlineData("x-message-ttl", -1, "{value_negative,-1}")]
    [InlineData("x-message-ttl", "60000", "\"expected integer, got longstr\"")]
    [InlineData("x-message-ttl", 1.5, "\"expected integer, got double\"")]
    [InlineData("x-message-ttl", true, "\"expected integer, got bool\"")]
    [InlineData("x-message-ttl", null, "\"expected integer, got void\"")]
    [InlineData("x-message-ttl", 315360000001L, "{value_too_large,315360000001}")]
    [InlineData("x-expires", 0, "{value_zero,0}")]
    [InlineData("x-expires", -1, "{value_negative,-1}")]
    [InlineData("x-expires", "60000", "\"expected integer, got longstr\"")]
    [InlineData("x-expires", 315360000001L, "{value_too_large,315360000001}")]
    [InlineData("x-max-length", -1, "{value_negative,-1}")]
    [InlineData("x-max-length", "10", "\"expected integer, got longstr\"")]
    [InlineData("x-max-length-bytes", -1, "{value_negative,-1}")]
    [InlineData("x-max-length-bytes", "10", "\"expected integer, got longstr\"")]
    [InlineData("x-max-priority", -1, "{value_negative,-1}")]
    [InlineData("x-max-priority", 256, "{max_value_exceeded,256}")]
    [InlineData("x-max-priority", "5", "\"expected integer, got longstr\"")]
    [InlineData("x-overflow", "nope", "invalid_overflow")]
    [InlineData("x-overflow", 1, "{unacceptable_type,signedint}")]
    [InlineData("x-queue-mode", "nope", "\"unsupported queue mode 'nope'\"")]
    [InlineData("x-queue-mode", 1, "{unacceptable_type,signedint}")]
    [InlineData("x-queue-version", 3, "\"unsupported queue version '3'\"")]
    [InlineData("x-queue-version", "2", "\"expected integer, got longstr\"")]
    [InlineData("x-queue-type", "nope", "\"unsupported queue type 'nope'\"")]
    [InlineData("x-queue-type", 1, "{unacceptable_type,signedint}")]
    [InlineData("x-single-active-consumer", "true", "{unacceptable_type,longstr}")]
    [InlineData("x-dead-letter-routing-key", 1, "{unacceptable_type,signedint}")]
    [InlineData("x-dead-letter-routing-key", "key", "routing_key_but_no_dlx_defined")]
    public async Task An_invalid_argument_closes_the_channel_with_406(string argument, object? value, string reason)
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1,
            406,
            $"PRECONDITION_FAILED - invalid arg '{argument}' for queue 'q' in vhost '{{vhost}}': {reason}",
            "queue.declare",
            ("queue", "q"),
            ("durable", true),
            ("arguments", Arguments((argument, value))));
    }

    [Theory]
    [InlineData("x-delivery-limit", 5)]
    [InlineData("x-quorum-initial-group-size", 1)]
    [InlineData("x-max-in-memory-length", 1)]
    [InlineData("x-max-in-memory-bytes", 1)]
    [InlineData("x-queue-leader-locator", "client-local")]
    [InlineData("x-dead-letter-strategy", "at-least-once")]
    [InlineData("x-max-age", "1D")]
    [InlineData("x-stream-max-segment-size-bytes", 1000000)]
    public async Task An_argument_of_other_types_of_queues_closes_the_channel_with_406(string argument, object value)
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1,
            406,
            $"PRECONDITION_FAILED - invalid arg '{argument}' for queue 'q' in vhost '{{vhost}}' of queue type rabbit_classic_queue",
            "queue.declare",
            ("queue", "q"),
            ("durable", true),
            ("arguments", Arguments((argument, value))));
    }

    [Fact]
    public async Task A_dead_letter_exchange_is_a_text()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1,
            406,
            "PRECONDITION_FAILED - invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '{vhost}'",
            "queue.declare",
            ("queue", "q"),
            ("arguments", Arguments(("x-dead-letter-exchange", 1))));
    }

    [Theory]
    [InlineData("x-message-ttl", 1000, 2000)]
    [InlineData("x-expires", 100000, 200000)]
    [InlineData("x-max-length", 1, 2)]
    [InlineData("x-max-length-bytes", 1, 2)]
    [InlineData("x-max-priority", 1, 2)]
    [InlineData("x-overflow", "drop-head", "reject-publish")]
    [InlineData("x-queue-mode", "default", "lazy")]
    [InlineData("x-queue-version", 1, 2)]
    [InlineData("x-queue-type", "classic", "quorum")]
    [InlineData("x-dead-letter-exchange", "a", "b")]
    public async Task An_argument_must_stay_the_same(string argument, object value, object other)
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", Arguments((argument, value))));
        await client.ChannelRefusesAsync(
            1,
            406,
            $"PRECONDITION_FAILED - inequivalent arg '{argument}' for queue 'q' in vhost '{{vhost}}': received '{other}' but current is '{value}'",
            "queue.declare",
            ("queue", "q"),
            ("durable", true),
            ("arguments", Arguments((argument, other))));
    }

    [Theory]
    [InlineData("x-message-ttl", 1000, "'1000' of type 'signedint'")]
    [InlineData("x-expires", 100000L, "'100000' of type 'long'")]
    [InlineData("x-max-length", (byte)1, "'1' of type 'unsignedbyte'")]
    [InlineData("x-max-priority", (sbyte)1, "'1' of type 'byte'")]
    [InlineData("x-max-length-bytes", (short)1, "'1' of type 'short'")]
    [InlineData("x-overflow", "drop-head", "'drop-head' of type 'longstr'")]
    [InlineData("x-queue-mode", "lazy", "'lazy' of type 'longstr'")]
    [InlineData("x-single-active-consumer", true, "'true' of type 'bool'")]
    [InlineData("x-dead-letter-exchange", "a", "'a' of type 'longstr'")]
    [InlineData("x-queue-type", "quorum", "'quorum' of type 'longstr'")]
    public async Task An_argument_cannot_be_left_out_later(string argument, object value, string current)
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", Arguments((argument, value))));
        await client.ChannelRefusesAsync(
            1,
            406,
            $"PRECONDITION_FAILED - inequivalent arg '{argument}' for queue 'q' in vhost '{{vhost}}': received none but current is the value {current}",
            "queue.declare",
            ("queue", "q"),
            ("durable", true));
    }

    [Fact]
    public async Task An_argument_cannot_be_added_later()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(1, 406, "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '{vhost}': received the value '5' of type 'signedint' but current is none", "queue.declare", ("queue", "q"), ("arguments", Arguments(("x-max-length", 5))));
    }

    [Fact]
    public async Task The_type_classic_is_the_same_as_none()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "a"), ("arguments", Arguments(("x-queue-type", "classic"))));
        await client.CallAsync(1, "queue.declare", ("queue", "a"));
        await client.CallAsync(1, "queue.declare", ("queue", "b"));
        await client.CallAsync(1, "queue.declare", ("queue", "b"), ("arguments", Arguments(("x-queue-type", "classic"))));
    }

    [Fact]
    public async Task Numbers_are_compared_whatever_their_width()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("arguments", Arguments(("x-max-length", (byte)5))));
        foreach (object value in new object[] { (sbyte)5, (short)5, 5, 5L })
            await client.CallAsync(1, "queue.declare", ("queue", "q"), ("arguments", Arguments(("x-max-length", value))));
    }

    [Fact]
    public async Task An_argument_nobody_knows_may_change()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("arguments", Arguments(("x-anything", 1))));
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("arguments", Arguments(("x-anything", "else"))));
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
    }

    [Fact]
    public async Task A_flag_that_differs_is_named_before_an_argument()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(
            1, 406, "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '{vhost}': received 'true' but current is 'false'", "queue.declare", ("queue", "q"), ("durable", true), ("arguments", Arguments(("x-max-length", 5))));
    }

    [Fact]
    public async Task Arguments_are_compared_with_those_of_an_existing_queue_before_they_are_validated()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.ChannelRefusesAsync(1, 406, "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '{vhost}': received the value '-5' of type 'signedint' but current is none", "queue.declare", ("queue", "q"), ("arguments", Arguments(("x-max-length", -5))));
    }
}
