using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite;

/// <summary>Purging and deleting queues: AMQP 0-9-1 §1.7.2.7 and §1.7.2.9.</summary>
public abstract class QueueDeleteSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_deletion_tells_how_many_messages_were_ready()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        for (var i = 0; i < 3; i++)
            await PublishAsync(channel, "", "q", "m");
        await channel.BasicGetAsync("q", autoAck: false);
        Assert.Equal(2u, await channel.QueueDeleteAsync("q"));
    }

    [Fact]
    public async Task Deleting_a_missing_queue_is_fine()
    {
        var channel = await ChannelAsync();
        Assert.Equal(0u, await channel.QueueDeleteAsync("q"));
        Assert.Equal(0u, await channel.QueueDeleteAsync("q", ifUnused: true, ifEmpty: true));
    }

    [Fact]
    public async Task A_queue_with_messages_is_not_empty()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await PublishAsync(channel, "", "q", "m");
        await RefusedAsync(
            () => channel.QueueDeleteAsync("q", ifUnused: false, ifEmpty: true), 406, $"PRECONDITION_FAILED - queue 'q' in vhost '{VirtualHost}' not empty");
    }

    [Fact]
    public async Task A_queue_whose_messages_are_all_unacknowledged_is_empty()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await PublishAsync(channel, "", "q", "m");
        await channel.BasicGetAsync("q", autoAck: false);
        Assert.Equal(0u, await channel.QueueDeleteAsync("q", ifUnused: false, ifEmpty: true));
    }

    [Fact]
    public async Task A_queue_with_a_consumer_is_in_use()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await ConsumeAsync(channel, "q");
        await RefusedAsync(
            () => channel.QueueDeleteAsync("q", ifUnused: true, ifEmpty: false), 406, $"PRECONDITION_FAILED - queue 'q' in vhost '{VirtualHost}' in use");
    }

    [Fact]
    public async Task A_queue_in_use_and_not_empty_is_refused_as_not_empty()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.BasicQosAsync(0, 1, false);
        await ConsumeAsync(channel, "q", autoAck: false);
        await PublishAsync(channel, "", "q", "taken");
        await PublishAsync(channel, "", "q", "ready");
        await RefusedAsync(
            () => channel.QueueDeleteAsync("q", ifUnused: true, ifEmpty: true), 406, $"PRECONDITION_FAILED - queue 'q' in vhost '{VirtualHost}' not empty");
    }

    [Fact]
    public async Task An_unused_and_empty_queue_is_deleted_on_both_conditions()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await channel.QueueDeleteAsync("q", ifUnused: true, ifEmpty: true);
        await RefusedAsync(() => channel.QueueDeclarePassiveAsync("q"), 404, $"NOT_FOUND - no queue 'q' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task A_deleted_queue_may_be_declared_anew_and_otherwise()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", durable: false, exclusive: false, autoDelete: false);
        await PublishAsync(channel, "", "q", "m");
        await channel.QueueDeleteAsync("q");
        Assert.Equal(0u, (await channel.QueueDeclareAsync("q", durable: true, exclusive: false, autoDelete: false)).MessageCount);
    }

    [Fact]
    public async Task Acknowledging_a_message_of_a_deleted_queue_is_fine()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await PublishAsync(channel, "", "q", "m");
        var message = (await channel.BasicGetAsync("q", autoAck: false))!;
        await channel.QueueDeleteAsync("q");
        await channel.BasicAckAsync(message.DeliveryTag, multiple: false);
        await channel.QueueDeclareAsync("q", false, false, false);
    }

    [Fact]
    public async Task Purging_takes_the_ready_messages_and_tells_how_many()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        for (var i = 0; i < 3; i++)
            await PublishAsync(channel, "", "q", "m");
        Assert.Equal(3u, await channel.QueuePurgeAsync("q"));
        Assert.Equal(0u, await channel.QueuePurgeAsync("q"));
    }

    [Fact]
    public async Task Purging_leaves_unacknowledged_messages_alone()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await PublishAsync(channel, "", "q", "held");
        await PublishAsync(channel, "", "q", "ready");
        var held = (await channel.BasicGetAsync("q", autoAck: false))!;
        Assert.Equal(1u, await channel.QueuePurgeAsync("q"));
        await channel.BasicRejectAsync(held.DeliveryTag, requeue: true);
        Assert.Equal("held", Text((await TakeAsync(channel, "q")).Body));
    }

    [Fact]
    public async Task Purging_a_missing_queue_closes_the_channel_with_404()
    {
        var channel = await ChannelAsync();
        await RefusedAsync(() => channel.QueuePurgeAsync("q"), 404, $"NOT_FOUND - no queue 'q' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task Purged_messages_are_not_dead_lettered()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("dead", false, false, false);
        await channel.QueueDeclareAsync(
            "q", false, false, false, Arguments(("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead")));
        await PublishAsync(channel, "", "q", "purged");
        await channel.QueuePurgeAsync("q");
        await PublishAsync(channel, "", "q", "rejected");
        var message = (await channel.BasicGetAsync("q", autoAck: false))!;
        await channel.BasicRejectAsync(message.DeliveryTag, requeue: false);
        Assert.Equal("rejected", Text((await TakeAsync(channel, "dead")).Body));
    }

    [Fact]
    public async Task Messages_of_a_deleted_queue_are_not_dead_lettered()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("dead", false, false, false);
        await channel.QueueDeclareAsync(
            "q", false, false, false, Arguments(("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead")));
        await PublishAsync(channel, "", "q", "m");
        await channel.QueueDeleteAsync("q");
        await PublishAsync(channel, "", "dead", "marker");
        Assert.Equal("marker", Text((await TakeAsync(channel, "dead")).Body));
    }
}
