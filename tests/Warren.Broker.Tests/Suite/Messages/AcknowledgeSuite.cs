using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary><c>basic.ack</c>, <c>basic.reject</c> and <c>basic.nack</c>, and where messages go back to.</summary>
public abstract class AcknowledgeSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task An_acknowledged_message_is_gone()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        var got = await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicAckAsync(got!.Tag, false);
        await peer.Channel.CloseAsync();

        await AssertHoldsOnlyAMarkerAsync(peer, "q");
    }

    [Fact]
    public async Task A_multiple_ack_takes_all_up_to_its_tag()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b", "c", "d");
        for (var i = 0; i < 4; i++)
            await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicAckAsync(3, true);
        await peer.Channel.CloseAsync();

        await using var after = await peer.NewChannelAsync();
        Assert.Equal("d", (await after.TakeAsync("q")).Text);
        Assert.Null(await after.GetAsync("q"));
    }

    [Fact]
    public async Task A_multiple_ack_of_tag_zero_takes_all()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b");
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicAckAsync(0, true);
        await peer.Channel.CloseAsync();

        await AssertHoldsOnlyAMarkerAsync(peer, "q");
    }

    [Fact]
    public async Task A_multiple_ack_takes_deliveries_of_several_queues()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("a");
        await peer.DeclareAsync("b");
        await peer.PublishAsync("a", "1");
        await peer.PublishAsync("b", "2");
        await peer.Channel.GetAsync("a", noAck: false);
        await peer.Channel.GetAsync("b", noAck: false);

        await peer.Channel.BasicAckAsync(2, true);
        await peer.Channel.CloseAsync();

        await AssertHoldsOnlyAMarkerAsync(peer, "a");
        await AssertHoldsOnlyAMarkerAsync(peer, "b");
    }

    [Fact]
    public async Task A_multiple_ack_of_tag_zero_with_nothing_outstanding_is_no_error()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await peer.Channel.BasicAckAsync(0, true);

        Assert.Equal("q", (await peer.DeclareAsync("q")).QueueName);
    }

    [Fact]
    public async Task A_single_ack_of_tag_zero_closes_the_channel_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicAckAsync(0, false);

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 0"), await peer.Channel.ClosedAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_ack_of_a_tag_not_yet_given_closes_the_channel_with_406(bool multiple)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await peer.Channel.BasicAckAsync(7, multiple);

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 7"), await peer.Channel.ClosedAsync());
        Assert.True(peer.Connection.IsOpen);
    }

    [Fact]
    public async Task A_multiple_ack_beyond_the_last_tag_acknowledges_nothing_and_closes_the_channel_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicAckAsync(2, true);

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 2"), await peer.Channel.ClosedAsync());
        await using var after = await peer.NewChannelAsync();
        Assert.Equal("a", (await after.TakeAsync("q")).Text);
    }

    [Theory]
    [InlineData("ack")]
    [InlineData("reject")]
    [InlineData("nack")]
    public async Task Settling_a_delivery_twice_closes_the_channel_with_406(string second)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.BasicAckAsync(1, false);

        await (second switch
        {
            "ack" => peer.Channel.BasicAckAsync(1, false),
            "reject" => peer.Channel.BasicRejectAsync(1, true),
            _ => peer.Channel.BasicNackAsync(1, false, true),
        });

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 1"), await peer.Channel.ClosedAsync());
    }

    [Fact]
    public async Task A_multiple_ack_of_a_tag_that_is_settled_already_closes_the_channel_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b");
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.BasicAckAsync(1, false);

        await peer.Channel.BasicAckAsync(1, true);

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 1"), await peer.Channel.ClosedAsync());
    }

    [Fact]
    public async Task A_multiple_ack_of_a_settled_tag_takes_not_even_the_older_ones()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b", "c");
        for (var i = 0; i < 3; i++)
            await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.BasicAckAsync(2, false);

        await peer.Channel.BasicAckAsync(2, true);

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 2"), await peer.Channel.ClosedAsync());
        await using var after = await peer.NewChannelAsync();
        Assert.Equal(["a", "c"], await after.TakeTextsAsync("q", 2));
    }

    [Fact]
    public async Task A_tag_belongs_to_its_channel()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        await peer.Channel.GetAsync("q", noAck: false);
        await using var other = await peer.NewChannelAsync();

        await other.BasicAckAsync(1, false);

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 1"), await other.ClosedAsync());
        Assert.True(peer.Channel.IsOpen);
    }

    [Fact]
    public async Task A_rejected_message_without_requeue_is_dropped()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b");
        var got = await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got!.Tag, requeue: false);

        Assert.Equal("b", (await peer.Channel.GetAsync("q"))?.Text);
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task A_rejected_message_goes_back_to_the_head()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b");
        var got = await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got!.Tag, requeue: true);

        var first = await peer.Channel.GetAsync("q");
        var second = await peer.Channel.GetAsync("q");
        Assert.Equal(("a", true), (first?.Text, first?.Redelivered));
        Assert.Equal(("b", false), (second?.Text, second?.Redelivered));
    }

    [Fact]
    public async Task Requeued_messages_return_to_their_old_places_among_those_that_stayed()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "1", "2", "3", "4", "5");
        for (var i = 0; i < 4; i++)
            await peer.Channel.GetAsync("q", noAck: false);

        // In the wrong order, and with one that stays out.
        await peer.Channel.BasicRejectAsync(4, requeue: true);
        await peer.Channel.BasicRejectAsync(2, requeue: true);
        await peer.Channel.BasicRejectAsync(1, requeue: true);

        Assert.Equal(["1", "2", "4", "5"], await peer.Channel.TakeTextsAsync("q", 4));
    }

    [Fact]
    public async Task A_late_requeue_goes_between_its_old_neighbours()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "1", "2", "3");
        for (var i = 0; i < 3; i++)
            await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.BasicRejectAsync(1, requeue: true);
        await peer.Channel.BasicRejectAsync(3, requeue: true);
        await peer.PublishAsync("q", "4");

        await peer.Channel.BasicRejectAsync(2, requeue: true);

        Assert.Equal(["1", "2", "3", "4"], await peer.Channel.TakeTextsAsync("q", 4));
    }

    [Fact]
    public async Task A_multiple_nack_requeues_all_up_to_its_tag_in_order()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "1", "2", "3", "4");
        for (var i = 0; i < 3; i++)
            await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicNackAsync(2, multiple: true, requeue: true);

        Assert.Equal(["1", "2", "4"], await peer.Channel.TakeTextsAsync("q", 3));
    }

    [Fact]
    public async Task A_multiple_nack_of_tag_zero_takes_all()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "1", "2", "3");
        for (var i = 0; i < 2; i++)
            await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicNackAsync(0, multiple: true, requeue: false);

        Assert.Equal(["3"], await peer.Channel.TakeTextsAsync("q", 1));
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task A_single_nack_without_requeue_drops_only_its_message()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "1", "2");
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicNackAsync(2, multiple: false, requeue: false);
        await peer.Channel.BasicNackAsync(1, multiple: false, requeue: true);

        Assert.Equal(["1"], await peer.Channel.TakeTextsAsync("q", 1));
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Theory]
    [InlineData("reject")]
    [InlineData("nack")]
    public async Task Refusing_an_unknown_tag_closes_the_channel_with_406(string verb)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await (verb == "reject" ? peer.Channel.BasicRejectAsync(3, true) : peer.Channel.BasicNackAsync(3, false, true));

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 3"), await peer.Channel.ClosedAsync());
    }

    [Fact]
    public async Task The_close_names_the_method_that_had_the_unknown_tag()
    {
        var client = await RawAsync();

        await client.SendAsync(1, "basic.reject", ("delivery-tag", 9), ("requeue", true));

        await client.ExpectChannelCloseAsync(1, 406, "PRECONDITION_FAILED - unknown delivery tag 9", "basic.reject");
    }

    [Fact]
    public async Task A_sole_consumer_gets_its_requeued_message_again()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a");

        await peer.Channel.BasicNackAsync((await listener.AtAsync(0)).Tag, multiple: false, requeue: true);

        var again = await listener.AtAsync(1);
        Assert.Equal(("a", true, 2ul), (again.Text, again.Redelivered, again.Tag));
    }

    [Fact]
    public async Task Requeued_messages_are_delivered_again_before_newer_ones()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 2, false);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "1", "2", "3", "4");
        await listener.AtAsync(1);

        await peer.Channel.BasicNackAsync(2, multiple: true, requeue: true);

        Assert.Equal(["1", "2", "1", "2"], await listener.TextsAsync(4));
        Assert.Equal(4, listener.Deliveries.Items.Count);
    }

    [Fact]
    public async Task Acks_may_come_in_any_order()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "1", "2", "3");
        for (var i = 0; i < 3; i++)
            await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicAckAsync(3, false);
        await peer.Channel.BasicAckAsync(1, false);
        await peer.Channel.BasicAckAsync(2, false);
        await peer.Channel.CloseAsync();

        await AssertHoldsOnlyAMarkerAsync(peer, "q");
    }

    private static async Task AssertHoldsOnlyAMarkerAsync(Peer peer, string queue)
    {
        await using var channel = await peer.NewChannelAsync();
        await channel.PublishAsync("", queue, "marker");
        Assert.Equal("marker", (await channel.TakeAsync(queue)).Text);
        Assert.Null(await channel.GetAsync(queue));
    }
}
