namespace Warren.Broker.Tests.Suite;

/// <summary>What publishers see while the broker is short of memory: RabbitMQ's connection.blocked.</summary>
public abstract class AlarmSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public Task A_connection_that_publishes_is_told_that_it_is_blocked_and_when_it_is_not() => WhileAlarmedAsync(async clear =>
    {
        var client = await RawAsync();
        await client.PublishAsync(1, "", "q", "m");
        Assert.Equal("low on memory", (await client.ExpectAsync(0, "connection.blocked")).Text("reason"));
        await clear();
        await client.ExpectAsync(0, "connection.unblocked");
        await client.CallAsync(1, "basic.qos");
    });

    [Fact]
    public async Task A_connection_that_has_published_is_told_when_it_publishes_again()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "", "q", "before");
        await client.ExpectAsync(1, "basic.ack");
        await WhileAlarmedAsync(async clear =>
        {
            // Once a later one is told, the alarm has reached this one too.
            var later = await RawAsync();
            await later.PublishAsync(1, "", "q", "m");
            await later.ExpectAsync(0, "connection.blocked");

            await client.CallAsync(1, "basic.qos");
            await client.PublishAsync(1, "", "q", "now");
            await client.ExpectAsync(0, "connection.blocked");
            await clear();
            Assert.Equal(
                ["basic.ack", "connection.unblocked"],
                new[] { (await client.ReceiveAsync()).Name, (await client.ReceiveAsync()).Name }.Order(StringComparer.Ordinal));
        });
    }

    [Fact]
    public Task A_blocked_connection_is_not_read_until_the_alarm_is_cleared() => WhileAlarmedAsync(async clear =>
    {
        var other = await RawAsync();
        await other.CallAsync(1, "queue.declare", ("queue", "q"));
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "", "q", "m");
        await client.ExpectAsync(0, "connection.blocked");
        await client.SendAsync(1, "queue.declare", ("queue", "behind"));
        await other.ChannelRefusesAsync(
            1, 404, "NOT_FOUND - no queue 'behind' in vhost '{vhost}'", "queue.declare", ("queue", "behind"), ("passive", true));
        await clear();
        var later = new List<string>();
        for (var i = 0; i < 3; i++)
            later.Add((await client.ReceiveAsync()).Name);
        Assert.Equal(["basic.ack", "connection.unblocked", "queue.declare-ok"], later.Order(StringComparer.Ordinal));
    });

    [Fact]
    public Task A_connection_that_only_consumes_is_not_blocked() => WhileAlarmedAsync(async _ =>
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"));
        await client.CallAsync(1, "basic.cancel", ("consumer-tag", "c"));
    });

    [Fact]
    public Task A_client_that_does_not_know_of_it_is_not_told() => WhileAlarmedAsync(async clear =>
    {
        var client = await RawAsync(new() { Capabilities = ["publisher_confirms"] });
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "", "q", "m");
        await clear();
        await client.ExpectAsync(1, "basic.ack");
        await client.CallAsync(1, "basic.qos");
    });

    private async Task WhileAlarmedAsync(Func<Func<Task>, Task> act)
    {
        // Before the alarm: so that the node is there to raise it.
        await UrlAsync();
        await Broker.SetMemoryAlarmAsync(raised: true);
        var raised = true;
        try
        {
            await act(ClearAsync);
        }
        finally
        {
            await ClearAsync();
        }

        async Task ClearAsync()
        {
            if (raised)
                await Broker.SetMemoryAlarmAsync(raised: false);
            raised = false;
        }
    }
}
