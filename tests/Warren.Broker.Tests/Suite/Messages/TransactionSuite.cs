using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>The class tx: publishes and acks that happen together.</summary>
public abstract class TransactionSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task Nothing_is_published_before_the_commit()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.TxSelectAsync();
        await peer.PublishOnChannelAsync("q", "a", "b");

        Assert.Null(await peer.Channel.GetAsync("q"));
        await peer.Channel.TxCommitAsync();

        Assert.Equal(["a", "b"], await peer.Channel.TakeTextsAsync("q", 2));
    }

    [Fact]
    public async Task A_rollback_discards_the_publishes()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.TxSelectAsync();
        await peer.PublishOnChannelAsync("q", "a");
        await peer.Channel.TxRollbackAsync();

        await peer.PublishOnChannelAsync("q", "b");
        await peer.Channel.TxCommitAsync();

        Assert.Equal("b", (await peer.Channel.GetAsync("q"))?.Text);
    }

    [Fact]
    public async Task Acks_count_only_after_the_commit()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b");
        await peer.Channel.TxSelectAsync();
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.BasicAckAsync(1, false);
        await peer.Channel.TxCommitAsync();
        await peer.Channel.BasicAckAsync(2, false);

        // The second ack was never committed.
        await peer.Channel.CloseAsync();

        await using var after = await peer.NewChannelAsync();
        var got = await after.TakeAsync("q");
        Assert.Equal(("b", true), (got.Text, got.Redelivered));
        Assert.Null(await after.GetAsync("q"));
    }

    [Fact]
    public async Task A_rollback_takes_acks_back_and_the_tags_stay_known()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        await peer.Channel.TxSelectAsync();
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.BasicAckAsync(1, false);
        await peer.Channel.TxRollbackAsync();

        await peer.Channel.BasicAckAsync(1, false);
        await peer.Channel.TxCommitAsync();

        await peer.Channel.CloseAsync();
        Assert.Equal(0u, await peer.ReadyAsync("q"));
    }

    [Fact]
    public async Task An_ack_twice_in_a_transaction_closes_the_channel_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        await peer.Channel.TxSelectAsync();
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.BasicAckAsync(1, false);

        await peer.Channel.BasicAckAsync(1, false);

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 1"), await peer.Channel.ClosedAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Recover_leaves_alone_what_the_transaction_has_settled(bool commit)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b");
        var client = await RawAsync();
        await client.CallAsync(1, "tx.select");
        for (var i = 0; i < 2; i++)
        {
            await client.SendAsync(1, "basic.get", ("queue", "q"));
            await client.ExpectContentAsync(1, "basic.get-ok");
        }

        await client.SendAsync(1, "basic.ack", ("delivery-tag", 1));
        await client.CallAsync(1, "basic.recover", ("requeue", true));

        Assert.Equal("b", (await peer.Channel.TakeAsync("q")).Text);
        Assert.Null(await peer.Channel.GetAsync("q"));
        await client.CallAsync(1, commit ? "tx.commit" : "tx.rollback");
        await client.CallAsync(1, "channel.close");
        Assert.Equal(commit ? null : "a", (await peer.Channel.GetAsync("q"))?.Text);
    }

    [Fact]
    public async Task A_rejected_message_returns_to_the_queue_with_the_commit()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        await peer.Channel.TxSelectAsync();
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.BasicRejectAsync(1, requeue: true);

        Assert.Null(await peer.Channel.GetAsync("q"));
        await peer.Channel.TxCommitAsync();

        Assert.Equal("a", (await peer.Channel.GetAsync("q"))?.Text);
    }

    [Fact]
    public async Task Closing_the_channel_rolls_back()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await using var transactional = await peer.NewChannelAsync();
        await transactional.TxSelectAsync();
        await transactional.PublishAsync("", "q", "a");
        await transactional.CloseAsync();

        await peer.PublishAsync("q", "marker");

        Assert.Equal("marker", (await peer.Channel.GetAsync("q"))?.Text);
    }

    [Fact]
    public async Task A_publish_to_a_missing_exchange_closes_the_channel_before_the_commit()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.TxSelectAsync();
        await peer.PublishOnChannelAsync("q", "a");

        await peer.Channel.PublishAsync("none", "", "b");

        Assert.Equal((404, $"NOT_FOUND - no exchange 'none' in vhost '{VirtualHost}'"), await peer.Channel.ClosedAsync());
        Assert.Equal(0u, await peer.ReadyAsync("q"));
    }

    [Fact]
    public async Task A_mandatory_message_is_returned_at_the_commit_before_commit_ok()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "tx.select");
        await client.PublishAsync(1, "", "none", "a", mandatory: true);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));

        await client.SendAsync(1, "tx.commit");

        var returned = await client.ExpectContentAsync(1, "basic.return");
        Assert.Equal((312L, "NO_ROUTE"), (returned.Method.Number("reply-code"), returned.Method.Text("reply-text")));
        Assert.Equal("none", returned.Method.Text("routing-key"));
        await client.ExpectAsync(1, "tx.commit-ok");
    }

    [Fact]
    public async Task A_message_is_routed_when_it_is_published_not_when_it_is_committed()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("bound");
        await peer.DeclareAsync("late");
        await peer.Channel.QueueBindAsync("bound", "amq.direct", "key");
        await peer.Channel.TxSelectAsync();
        await peer.Channel.PublishAsync("amq.direct", "key", "a");
        await peer.Channel.QueueBindAsync("late", "amq.direct", "key");
        await peer.Channel.QueueUnbindAsync("bound", "amq.direct", "key");

        await peer.Channel.TxCommitAsync();

        Assert.Equal("a", (await peer.Channel.GetAsync("bound"))?.Text);
        Assert.Null(await peer.Channel.GetAsync("late"));
    }

    [Fact]
    public async Task A_queue_the_message_was_published_to_by_name_is_looked_up_at_the_commit()
    {
        // The default exchange routes to a name, whether the queue is there or not.
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.Channel.TxSelectAsync();
        await peer.Channel.PublishAsync("", "later", "a");
        await peer.DeclareAsync("later");

        await peer.Channel.TxCommitAsync();

        Assert.Equal("a", (await peer.Channel.GetAsync("later"))?.Text);
    }

    [Theory]
    [InlineData("tx.commit")]
    [InlineData("tx.rollback")]
    public async Task Ending_a_transaction_that_was_not_selected_closes_the_channel_with_406(string method)
    {
        var client = await RawAsync();

        await client.SendAsync(1, method);

        await client.ExpectChannelCloseAsync(1, 406, "PRECONDITION_FAILED - channel is not transactional", method);
    }

    [Fact]
    public async Task Tx_select_may_be_repeated_and_keeps_what_was_published()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.TxSelectAsync();
        await peer.PublishAsync("q", "a");
        await peer.Channel.TxSelectAsync();

        await peer.Channel.TxCommitAsync();

        Assert.Equal("a", (await peer.Channel.GetAsync("q"))?.Text);
    }

    [Fact]
    public async Task Empty_transactions_are_answered()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "tx.select");

        await client.CallAsync(1, "tx.commit");
        await client.CallAsync(1, "tx.rollback");
    }

    [Fact]
    public async Task Deliveries_and_gets_go_on_in_a_transaction()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.TxSelectAsync();
        var listener = await peer.Channel.ConsumeAsync("q");
        await using var other = await peer.NewChannelAsync();

        await other.PublishAsync("", "q", "a");

        Assert.Equal(["a"], await listener.TextsAsync(1));
    }

    [Fact]
    public async Task An_ack_in_a_transaction_makes_no_room_in_a_consumers_prefetch_before_the_commit()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b");
        await peer.Channel.TxSelectAsync();
        await peer.Channel.BasicQosAsync(0, 1, false);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.Channel.BasicAckAsync((await listener.AtAsync(0)).Tag, false);

        Assert.Equal(1u, (await peer.Channel.QueueDeclarePassiveAsync("q")).MessageCount);
        await peer.Channel.TxCommitAsync();

        Assert.Equal(["a", "b"], await listener.TextsAsync(2));
    }

    [Fact]
    public async Task Declarations_do_not_wait_for_the_commit()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.Channel.TxSelectAsync();

        await peer.DeclareAsync("q");
        await peer.Channel.TxRollbackAsync();

        Assert.True(await peer.HasQueueAsync("q"));
    }
}
