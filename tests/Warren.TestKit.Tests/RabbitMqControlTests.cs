using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Warren.TestKit.Tests;

[Trait("Category", "Service")]
public class RabbitMqControlTests(RabbitMqFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_virtual_host_is_new_and_empty()
    {
        var first = await fixture.NewVirtualHostAsync(Token);
        var second = await fixture.NewVirtualHostAsync(Token);
        await fixture.NodeAsync(Token);

        Assert.NotEqual(first, second);
        await using var connection = await ConnectAsync(first);
        Assert.True(connection.IsOpen);
    }

    [Fact]
    public async Task Connections_channels_queues_and_consumers_are_counted_and_closed()
    {
        var node = await fixture.NodeAsync(Token);
        var url = await fixture.NewVirtualHostAsync(Token);
        var host = new Uri(url).AbsolutePath[1..];
        await using var connection = await ConnectAsync(url);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Token);
        await channel.QueueDeclareAsync("work", durable: true, exclusive: false, autoDelete: false, cancellationToken: Token);
        await channel.QueueDeclareAsync(
            "strong", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: Token);
        await channel.BasicConsumeAsync("work", autoAck: true, new AsyncEventingBasicConsumer(channel), Token);
        var closed = new TaskCompletionSource<ShutdownEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionShutdownAsync += (_, reason) =>
        {
            closed.TrySetResult(reason);
            return Task.CompletedTask;
        };

        await Eventually.GetAsync(() => node.CountAsync(host, Token), counts => counts == new BrokerCounts(1, 1, 2, 1), "all are counted", cancellationToken: Token);
        var queues = await node.ListQueuesAsync(host, Token);
        Assert.Equal(["quorum strong 0", "classic work 1"], queues.OrderBy(queue => queue.Name).Select(queue => $"{queue.Type} {queue.Name} {queue.Consumers}"));

        Assert.Equal(1, await node.CloseAllConnectionsAsync("maintenance: \"ä\"", host, Token));
        var reason = await closed.Task.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Token);
        Assert.Equal(320, reason.ReplyCode);
        Assert.Contains("maintenance", reason.ReplyText, StringComparison.Ordinal);
        await Eventually.GetAsync(() => node.CountAsync(host, Token), counts => counts == new BrokerCounts(0, 0, 2, 0), "the connection is gone", cancellationToken: Token);
    }

    [Theory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task Queues_are_counted_as_they_are_now(string type)
    {
        var node = await fixture.NodeAsync(Token);
        var url = await fixture.NewVirtualHostAsync(Token);
        var host = new Uri(url).AbsolutePath[1..];
        await using var connection = await ConnectAsync(url);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true), Token);
        await channel.QueueDeclareAsync(
            "work", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = type }, cancellationToken: Token);
        await channel.BasicPublishAsync("", "work", "a"u8.ToArray(), Token);
        await channel.BasicPublishAsync("", "work", "b"u8.ToArray(), Token);

        Assert.Equal((2, 0, 0), await CountsAsync());

        var deliveries = new Arrivals<ulong>();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            deliveries.Add(delivery.DeliveryTag);
            return Task.CompletedTask;
        };
        await channel.BasicQosAsync(0, 1, global: false, Token);
        await channel.BasicConsumeAsync("work", autoAck: false, consumer, Token);
        await deliveries.WaitForAsync(1);

        Assert.Equal((1, 1, 1), await CountsAsync());

        async Task<(long, long, int)> CountsAsync()
        {
            var queue = Assert.Single(await node.ListQueuesAsync(host, Token));
            return (queue.Ready, queue.Unacknowledged, queue.Consumers);
        }
    }

    [Fact]
    public async Task A_memory_alarm_blocks_a_publishing_connection_until_it_is_cleared()
    {
        Services.Require("rabbitmq-server");
        await using var node = await RabbitMqNode.StartAsync(cancellationToken: Token);
        await using var connection = await ConnectAsync(node.Url);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Token);
        var blocked = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var unblocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionBlockedAsync += (_, reason) =>
        {
            blocked.TrySetResult(reason.Reason);
            return Task.CompletedTask;
        };
        connection.ConnectionUnblockedAsync += (_, _) =>
        {
            unblocked.TrySetResult();
            return Task.CompletedTask;
        };

        await node.SetMemoryAlarmAsync(true, Token);
        await channel.BasicPublishAsync("", "nowhere", "m"u8.ToArray(), Token);
        Assert.Contains("memory", await blocked.Task.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Token), StringComparison.Ordinal);

        await node.SetMemoryAlarmAsync(false, Token);
        await unblocked.Task.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Token);
        Assert.True(connection.IsOpen);
    }

    [Fact]
    public async Task An_added_user_may_do_only_what_was_granted()
    {
        var node = await fixture.NodeAsync(Token);
        await node.AddUserAsync("reader", "pass \"word", configure: "^own-", write: "", read: ".*", cancellationToken: Token);

        await using var connection = await ConnectAsync($"amqp://reader:pass%20%22word@127.0.0.1:{node.Port}/");
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Token);
        await channel.QueueDeclareAsync("own-queue", durable: false, exclusive: true, autoDelete: true, cancellationToken: Token);
        var refused = await Assert.ThrowsAsync<RabbitMQ.Client.Exceptions.OperationInterruptedException>(
            () => channel.QueueDeclareAsync("other", durable: false, exclusive: true, autoDelete: true, cancellationToken: Token));
        Assert.Equal(403, refused.ShutdownReason!.ReplyCode);
    }

    [Fact]
    public async Task Rabbitmqctl_and_expressions_tell_values_and_failures()
    {
        var node = await fixture.NodeAsync(Token);

        Assert.Contains("guest", await node.RabbitmqctlAsync("list_users", "--quiet"), StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => node.RabbitmqctlAsync("no_such_command"));
        Assert.Contains("no_such_command", refused.Message, StringComparison.Ordinal);

        Assert.Equal("[1,2]", await node.EvaluateAsync("[1, 1 + 1].", Token));
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => node.EvaluateAsync("1 = 2.", Token));
        Assert.Contains("badmatch", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_through_a_proxy_works_until_the_proxy_cuts_it()
    {
        var url = await fixture.NewVirtualHostAsync(Token);
        await using var proxy = TcpProxy.Start(url);
        await using var connection = await ConnectAsync(proxy.Rewrite(url));
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Token);
        var closed = new Arrivals<ShutdownEventArgs>();
        connection.ConnectionShutdownAsync += (_, reason) =>
        {
            closed.Add(reason);
            return Task.CompletedTask;
        };

        await proxy.CutAsync();

        Assert.Equal(ShutdownInitiator.Library, (await closed.FirstAsync(cancellationToken: Token)).Initiator);
        Assert.False(connection.IsOpen);
        await using var next = await ConnectAsync(proxy.Rewrite(url));
        Assert.True(next.IsOpen);
    }

    private static async Task<IConnection> ConnectAsync(string url) =>
        await new ConnectionFactory { Uri = new Uri(url), AutomaticRecoveryEnabled = false }.CreateConnectionAsync(Token);
}
