using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Publisher confirms.</summary>
public abstract class ConfirmSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task Confirm_select_is_answered_and_may_be_repeated()
    {
        var client = await RawAsync();

        await client.CallAsync(1, "confirm.select");
        await client.CallAsync(1, "confirm.select");
    }

    [Fact]
    public async Task Confirm_select_without_wait_is_not_answered()
    {
        var client = await RawAsync();

        await client.SendAsync(1, "confirm.select", ("no-wait", true));
        await client.PublishAsync(1, "", "none", "a");

        await ExpectAckAsync(client, 1);
    }

    [Fact]
    public async Task Confirms_count_from_one_per_channel()
    {
        var client = await RawAsync();
        await client.OpenChannelAsync(2);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "confirm.select");
        await client.CallAsync(2, "confirm.select");

        await client.PublishAsync(1, "", "q", "a");
        await ExpectAckAsync(client, 1);
        await client.PublishAsync(1, "", "q", "b");
        await ExpectAckAsync(client, 2);
        await client.PublishAsync(2, "", "q", "c");
        Assert.Equal(1, (await client.ExpectAsync(2, "basic.ack")).Number("delivery-tag"));
    }

    [Fact]
    public async Task Publishes_before_the_select_are_not_counted()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "before");
        await client.CallAsync(1, "confirm.select");

        await client.PublishAsync(1, "", "q", "after");

        await ExpectAckAsync(client, 1);
    }

    [Fact]
    public async Task A_second_select_does_not_start_the_count_anew()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "", "none", "a");
        await ExpectAckAsync(client, 1);
        await client.CallAsync(1, "confirm.select");

        await client.PublishAsync(1, "", "none", "b");

        await ExpectAckAsync(client, 2);
    }

    [Fact]
    public async Task All_of_a_burst_are_confirmed_once_singly_or_by_multiple()
    {
        const int Count = 200;
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true));
        await client.CallAsync(1, "confirm.select");

        for (var i = 0; i < Count; i++)
            await client.PublishAsync(1, "", "q", $"{i}", properties: ("delivery-mode", 2));

        var confirmed = new HashSet<long>();
        while (confirmed.Count < Count)
        {
            var ack = await client.ExpectAsync(1, "basic.ack");
            var tag = ack.Number("delivery-tag");
            Assert.InRange(tag, 1, Count);
            Assert.True(confirmed.Add(tag), $"{tag} was confirmed twice.");
            if (ack["multiple"] is true)
                confirmed.UnionWith(Enumerable.Range(1, (int)tag - 1).Select(below => (long)below));
        }
    }

    [Fact]
    public async Task A_message_with_no_route_is_confirmed()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using var channel = await peer.NewConfirmingChannelAsync();
        await channel.ExchangeDeclareAsync("x", ExchangeType.Direct);

        await channel.PublishAsync("x", "nowhere", "a", new BasicProperties { Persistent = true });

        Assert.Equal(2ul, await channel.GetNextPublishSequenceNumberAsync());
    }

    [Fact]
    public async Task A_mandatory_message_with_no_route_is_returned_and_then_confirmed()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");

        await client.PublishAsync(1, "", "none", "a", mandatory: true, ("delivery-mode", 2));

        var returned = await client.ExpectContentAsync(1, "basic.return");
        Assert.Equal((312L, "NO_ROUTE"), (returned.Method.Number("reply-code"), returned.Method.Text("reply-text")));
        await ExpectAckAsync(client, 1);
    }

    [Fact]
    public async Task A_mandatory_message_with_a_route_is_only_confirmed()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "confirm.select");

        await client.PublishAsync(1, "", "q", "a", mandatory: true);

        await ExpectAckAsync(client, 1);
    }

    [Fact]
    public async Task A_message_to_several_queues_is_confirmed_once()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "a"), ("durable", true));
        await client.CallAsync(1, "queue.declare", ("queue", "b"));
        await client.CallAsync(1, "queue.bind", ("queue", "a"), ("exchange", "amq.fanout"));
        await client.CallAsync(1, "queue.bind", ("queue", "b"), ("exchange", "amq.fanout"));
        await client.CallAsync(1, "confirm.select");

        await client.PublishAsync(1, "amq.fanout", "", "first", properties: ("delivery-mode", 2));
        await ExpectAckAsync(client, 1);
        await client.PublishAsync(1, "amq.fanout", "", "second");

        await ExpectAckAsync(client, 2);
    }

    [Fact]
    public async Task A_message_that_goes_to_a_waiting_consumer_is_confirmed()
    {
        var client = await RawAsync();
        await client.OpenChannelAsync(2);
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true));
        await client.CallAsync(2, "basic.consume", ("queue", "q"));
        await client.CallAsync(1, "confirm.select");

        await client.PublishAsync(1, "", "q", "a", properties: ("delivery-mode", 2));

        var first = await client.ReceiveAsync();
        if (first.Name == "basic.deliver")
        {
            await client.ReceiveFrameAsync();
            await client.ReceiveFrameAsync();
            await ExpectAckAsync(client, 1);
        }
        else
        {
            // A persistent message is also confirmed on its way to a consumer that has not acknowledged it.
            Assert.Equal((1, "basic.ack"), (first.Channel, first.Name));
            await client.ExpectContentAsync(2, "basic.deliver");
        }
    }

    [Fact]
    public async Task A_quorum_queue_confirms_what_it_has()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");

        await peer.PublishAsync("q", "a", "b");

        Assert.Equal(["a", "b"], await peer.Channel.TakeTextsAsync("q", 2));
    }

    [Fact]
    public async Task A_message_refused_by_a_full_queue_is_nacked()
    {
        var client = await RawAsync();
        await client.CallAsync(
            1, "queue.declare", ("queue", "q"), ("arguments", Arguments(("x-max-length", 1), ("x-overflow", "reject-publish"))));
        await client.CallAsync(1, "confirm.select");

        await client.PublishAsync(1, "", "q", "a");
        await ExpectAckAsync(client, 1);
        await client.PublishAsync(1, "", "q", "b");

        var nack = await client.ExpectAsync(1, "basic.nack");
        // RabbitMQ makes a nack multiple when nothing older is open, and leaves requeue, which means nothing here, at its default.
        Assert.Equal((2L, true, true), (nack.Number("delivery-tag"), (bool)nack["multiple"]!, (bool)nack["requeue"]!));
    }

    [Fact]
    public async Task A_message_that_one_of_two_queues_refuses_is_nacked_and_still_in_the_other()
    {
        var client = await RawAsync();
        await client.CallAsync(
            1, "queue.declare", ("queue", "full"), ("arguments", Arguments(("x-max-length", 0), ("x-overflow", "reject-publish"))));
        await client.CallAsync(1, "queue.declare", ("queue", "open"));
        await client.CallAsync(1, "queue.bind", ("queue", "full"), ("exchange", "amq.fanout"));
        await client.CallAsync(1, "queue.bind", ("queue", "open"), ("exchange", "amq.fanout"));
        await client.CallAsync(1, "confirm.select");

        await client.PublishAsync(1, "amq.fanout", "", "a");

        Assert.Equal(1, (await client.ExpectAsync(1, "basic.nack")).Number("delivery-tag"));
        await client.SendAsync(1, "basic.get", ("queue", "open"), ("no-ack", true));
        Assert.Equal("a", Text((await client.ExpectContentAsync(1, "basic.get-ok")).Body));
    }

    [Fact]
    public async Task A_publish_to_a_missing_exchange_closes_the_channel_and_confirms_nothing()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");

        await client.PublishAsync(1, "none", "", "a");

        await client.ExpectChannelCloseAsync(1, 404, $"NOT_FOUND - no exchange 'none' in vhost '{client.VirtualHost}'", "basic.publish");
    }

    [Fact]
    public async Task Confirm_select_on_a_transactional_channel_closes_it_with_406()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "tx.select");

        await client.SendAsync(1, "confirm.select");

        await client.ExpectChannelCloseAsync(1, 406, "PRECONDITION_FAILED - cannot switch from tx to confirm mode", "confirm.select");
    }

    [Fact]
    public async Task Tx_select_on_a_confirming_channel_closes_it_with_406()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");

        await client.SendAsync(1, "tx.select");

        await client.ExpectChannelCloseAsync(1, 406, "PRECONDITION_FAILED - cannot switch from confirm to tx mode", "tx.select");
    }

    [Fact]
    public async Task A_channel_opened_again_is_no_longer_confirming()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");
        await client.CallAsync(1, "channel.close");
        await client.OpenChannelAsync(1);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));

        await client.PublishAsync(1, "", "q", "a");

        // The answer to the get is the next thing said: no ack came before it.
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        Assert.Equal("a", Text((await client.ExpectContentAsync(1, "basic.get-ok")).Body));
    }

    [Fact]
    public async Task A_client_gets_each_confirm_as_an_event()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using var channel = await peer.NewChannelAsync(confirms: true);
        var acks = new Warren.TestKit.Arrivals<BasicAckEventArgs>();
        channel.BasicAcksAsync += (_, ack) =>
        {
            acks.Add(ack);
            return Task.CompletedTask;
        };

        await channel.PublishAsync("", "none", "a");

        Assert.Equal(1ul, (await acks.FirstAsync()).DeliveryTag);
    }

    private static async Task ExpectAckAsync(RawAmqpClient client, long tag)
    {
        var ack = await client.ExpectAsync(1, "basic.ack");
        Assert.Equal((tag, false), (ack.Number("delivery-tag"), (bool)ack["multiple"]!));
    }
}
