using System.Security.Cryptography;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using Warren.TestKit;

namespace Warren.Interop.Tests.Clients;

/// <summary>RabbitMQ.Client, with its own recovery and confirm tracking, on the broker of this run.</summary>
public sealed class RabbitMqClientTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Automatic_recovery_restores_the_topology_and_its_consumers(bool byNetwork)
    {
        var broker = await rabbit.ControlAsync(Ct);
        var url = await rabbit.NewVirtualHostAsync(Ct);
        var host = BrokerQueues.VirtualHost(url);
        await using var proxy = TcpProxy.Start(url);
        await using var connection = await ConnectAsync(proxy.Rewrite(url));
        var recovered = new AsyncCounter();
        connection.RecoverySucceededAsync += (_, _) => Count(recovered);
        var renamed = new Arrivals<(string Before, string After)>();
        connection.QueueNameChangedAfterRecoveryAsync += (_, change) =>
        {
            renamed.Add((change.NameBefore, change.NameAfter));
            return Task.CompletedTask;
        };
        await using var channel = await connection.CreateChannelAsync(Confirming(), Ct);
        await channel.BasicQosAsync(0, 10, global: false, Ct);
        await channel.ExchangeDeclareAsync("events", ExchangeType.Topic, durable: false, autoDelete: true, cancellationToken: Ct);
        await channel.ExchangeDeclareAsync("copies", ExchangeType.Fanout, durable: true, cancellationToken: Ct);
        await channel.ExchangeBindAsync("copies", "events", "number.*", cancellationToken: Ct);
        await channel.QueueDeclareAsync("kept", durable: true, exclusive: false, autoDelete: false, cancellationToken: Ct);
        var own = (await channel.QueueDeclareAsync(cancellationToken: Ct)).QueueName;
        await channel.QueueBindAsync("kept", "copies", "", cancellationToken: Ct);
        await channel.QueueBindAsync(own, "events", "#", cancellationToken: Ct);
        var bodies = new Arrivals<string>();
        await channel.BasicConsumeAsync("kept", autoAck: false, Consumer(channel, bodies, "kept"), Ct);
        await channel.BasicConsumeAsync(own, autoAck: false, Consumer(channel, bodies, "own"), Ct);
        await channel.BasicPublishAsync("events", "number.1", Text("1"), Ct);
        await bodies.WaitForAsync(2, cancellationToken: Ct);
        // An acknowledgement that is on its way would be lost with the connection.
        await broker.SettledAsync(url, Ct);

        if (byNetwork)
            await proxy.CutAsync();
        else
            Assert.Equal(1, await broker.CloseAllConnectionsAsync("the test closes it", host, Ct));
        await recovered.WaitForAsync(1, cancellationToken: Ct);
        await channel.BasicPublishAsync("events", "number.2", mandatory: true, Text("2"), Ct);

        Assert.Equal(["kept 1", "kept 2", "own 1", "own 2"], (await bodies.WaitForAsync(4, cancellationToken: Ct)).Order(StringComparer.Ordinal));
        var (before, after) = Assert.Single(renamed.Items);
        Assert.Equal(own, before);
        Assert.NotEqual(own, after);
        Assert.StartsWith("amq.gen-", after, StringComparison.Ordinal);
        await Eventually.ThatAsync(
            async () => await broker.CountAsync(host, Ct) is { Connections: 1, Channels: 1, Queues: 2, Consumers: 2 }, "nothing is there twice", cancellationToken: Ct);
    }

    [Fact]
    public async Task Confirm_tracking_ends_each_publish_as_the_broker_says()
    {
        await using var connection = await ConnectAsync(await rabbit.NewVirtualHostAsync(Ct));
        await using var channel = await connection.CreateChannelAsync(Confirming(), Ct);
        await channel.QueueDeclareAsync("inbox", durable: true, exclusive: false, autoDelete: false, cancellationToken: Ct);
        await channel.QueueDeclareAsync(
            "small", durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?> { ["x-max-length"] = 1, ["x-overflow"] = "reject-publish" }, cancellationToken: Ct);
        var properties = new BasicProperties { Persistent = true };
        var returned = new Arrivals<(int, string, string, string)>();
        channel.BasicReturnAsync += (_, message) =>
        {
            returned.Add((message.ReplyCode, message.ReplyText, message.Exchange, message.RoutingKey));
            return Task.CompletedTask;
        };

        var publishes = Enumerable.Range(0, 2_000)
            .Select(number => channel.BasicPublishAsync("", "inbox", mandatory: true, properties, Text($"{number}"), Ct).AsTask()).ToList();
        var lost = await Assert.ThrowsAsync<PublishException>(
            async () => await channel.BasicPublishAsync("amq.topic", "nobody", mandatory: true, properties, Text("lost"), Ct));
        await channel.BasicPublishAsync("", "small", Text("fits"), Ct);
        var refused = await Assert.ThrowsAsync<PublishException>(async () => await channel.BasicPublishAsync("", "small", Text("does not fit"), Ct));
        await Task.WhenAll(publishes);

        Assert.True(lost.IsReturn);
        Assert.Equal((312, "NO_ROUTE", "amq.topic", "nobody"), await returned.FirstAsync(cancellationToken: Ct));
        Assert.False(refused.IsReturn);
        Assert.Equal(2_000u, await channel.MessageCountAsync("inbox", Ct));
        var bodies = new Arrivals<string>();
        await channel.BasicConsumeAsync("inbox", autoAck: false, Consumer(channel, bodies), Ct);
        Assert.Equal(Enumerable.Range(0, 2_000).Select(number => $"{number}"), await bodies.WaitForAsync(2_000, cancellationToken: Ct));
    }

    [Fact]
    public async Task Bodies_of_many_frames_are_not_mixed_up_with_those_of_other_channels()
    {
        await using var connection = await ConnectAsync(await rabbit.NewVirtualHostAsync(Ct));
        await using var consuming = await connection.CreateChannelAsync(cancellationToken: Ct);
        var queue = (await consuming.QueueDeclareAsync(cancellationToken: Ct)).QueueName;
        var hashes = new Arrivals<string>();
        var consumer = new AsyncEventingBasicConsumer(consuming);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            hashes.Add($"{delivery.BasicProperties.MessageId} {delivery.Body.Length} {Hash(delivery.Body.Span)}");
            return Task.CompletedTask;
        };
        await consuming.BasicConsumeAsync(queue, autoAck: true, consumer, Ct);
        int[] sizes = [0, 1, 131_063, 131_064, 131_065, 262_128, 5_000_000, 20_000_000];

        // Each size from a channel of its own, all at once: their frames are interleaved on the one connection.
        var sent = await Task.WhenAll(sizes.Select(async size =>
        {
            await using var channel = await connection.CreateChannelAsync(Confirming(), Ct);
            var body = new byte[size];
            new Random(size).NextBytes(body);
            await channel.BasicPublishAsync("", queue, mandatory: true, new BasicProperties { MessageId = $"of {size}" }, body, Ct);
            return $"of {size} {size} {Hash(body)}";
        }));

        Assert.Equal(sent.Order(StringComparer.Ordinal), (await hashes.WaitForAsync(sizes.Length, cancellationToken: Ct)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_transaction_publishes_and_acknowledges_at_its_commit()
    {
        await using var connection = await ConnectAsync(await rabbit.NewVirtualHostAsync(Ct));
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Ct);
        await using var other = await connection.CreateChannelAsync(cancellationToken: Ct);
        await channel.QueueDeclareAsync("ledger", durable: true, exclusive: false, autoDelete: false, cancellationToken: Ct);

        await channel.TxSelectAsync(Ct);
        await channel.BasicPublishAsync("", "ledger", Text("one"), Ct);
        await channel.BasicPublishAsync("", "ledger", Text("two"), Ct);
        Assert.Null(await other.BasicGetAsync("ledger", autoAck: true, Ct));
        await channel.TxCommitAsync(Ct);
        await channel.BasicPublishAsync("", "ledger", Text("three"), Ct);
        await channel.TxRollbackAsync(Ct);
        var one = (await channel.BasicGetAsync("ledger", autoAck: false, Ct))!;
        await channel.BasicAckAsync(one.DeliveryTag, multiple: false, Ct);
        await channel.TxRollbackAsync(Ct);
        // The ack was taken back; the message is still this channel's.
        await channel.BasicAckAsync(one.DeliveryTag, multiple: false, Ct);
        await channel.TxCommitAsync(Ct);
        await channel.CloseAsync(Ct);

        var left = (await other.BasicGetAsync("ledger", autoAck: true, Ct))!;
        Assert.Equal(("two", 0u), (Encoding.UTF8.GetString(left.Body.Span), left.MessageCount));
    }

    [Fact]
    public async Task A_single_active_consumer_is_followed_by_the_next()
    {
        await using var connection = await ConnectAsync(await rabbit.NewVirtualHostAsync(Ct));
        await using var first = await connection.CreateChannelAsync(cancellationToken: Ct);
        await using var second = await connection.CreateChannelAsync(Confirming(), Ct);
        await first.QueueDeclareAsync(
            "one.at.a.time", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-single-active-consumer"] = true }, cancellationToken: Ct);
        var bodies = new Arrivals<string>();
        await first.BasicConsumeAsync("one.at.a.time", autoAck: false, Consumer(first, bodies, "first"), Ct);
        await second.BasicConsumeAsync("one.at.a.time", autoAck: false, Consumer(second, bodies, "second"), Ct);

        for (var number = 0; number < 10; number++)
            await second.BasicPublishAsync("", "one.at.a.time", Text($"{number}"), Ct);
        await bodies.WaitForAsync(10, cancellationToken: Ct);
        Assert.All(bodies.Items, body => Assert.StartsWith("first ", body, StringComparison.Ordinal));
        await first.CloseAsync(Ct);
        await second.BasicPublishAsync("", "one.at.a.time", Text("10"), Ct);

        await Eventually.ThatAsync(() => bodies.Items.Contains("second 10"), "the second takes over", cancellationToken: Ct);
    }

    [Fact]
    public async Task A_deleted_queue_cancels_its_consumer_and_an_error_closes_the_channel_with_code_and_text()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var connection = await ConnectAsync(url);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Ct);
        await channel.QueueDeclareAsync("doomed", durable: true, exclusive: false, autoDelete: false, cancellationToken: Ct);
        var unregistered = new Signal();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.UnregisteredAsync += (_, _) =>
        {
            unregistered.Set();
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync("doomed", autoAck: false, consumer, Ct);

        await channel.QueueDeleteAsync("doomed", cancellationToken: Ct);
        await unregistered.WaitAsync(cancellationToken: Ct);
        var closed = await Assert.ThrowsAsync<OperationInterruptedException>(() => channel.QueueDeclarePassiveAsync("doomed", Ct));

        Assert.Equal((404, 50, 10), (closed.ShutdownReason!.ReplyCode, closed.ShutdownReason.ClassId, closed.ShutdownReason.MethodId));
        Assert.Equal($"NOT_FOUND - no queue 'doomed' in vhost '{BrokerQueues.VirtualHost(url)}'", closed.ShutdownReason.ReplyText);
        Assert.True(connection.IsOpen);
    }

    [Fact]
    public async Task Requests_are_answered_over_the_direct_reply_queue()
    {
        await using var connection = await ConnectAsync(await rabbit.NewVirtualHostAsync(Ct));
        await using var server = await connection.CreateChannelAsync(cancellationToken: Ct);
        await using var caller = await connection.CreateChannelAsync(cancellationToken: Ct);
        await server.QueueDeclareAsync("double", durable: false, exclusive: false, autoDelete: true, cancellationToken: Ct);
        var serving = new AsyncEventingBasicConsumer(server);
        serving.ReceivedAsync += async (_, request) =>
        {
            var number = int.Parse(Encoding.UTF8.GetString(request.Body.Span), System.Globalization.CultureInfo.InvariantCulture);
            var properties = new BasicProperties { CorrelationId = request.BasicProperties.CorrelationId };
            await server.BasicPublishAsync("", request.BasicProperties.ReplyTo!, mandatory: true, properties, Text($"{2 * number}"), Ct);
        };
        await server.BasicConsumeAsync("double", autoAck: true, serving, Ct);
        var replies = new Arrivals<string>();
        var receiving = new AsyncEventingBasicConsumer(caller);
        receiving.ReceivedAsync += (_, reply) =>
        {
            replies.Add($"{reply.BasicProperties.CorrelationId}: {Encoding.UTF8.GetString(reply.Body.Span)}");
            return Task.CompletedTask;
        };
        await caller.BasicConsumeAsync("amq.rabbitmq.reply-to", autoAck: true, receiving, Ct);

        for (var number = 0; number < 200; number++)
            await caller.BasicPublishAsync("", "double", mandatory: true, new BasicProperties { ReplyTo = "amq.rabbitmq.reply-to", CorrelationId = $"{number}" }, Text($"{number}"), Ct);

        Assert.Equal(Enumerable.Range(0, 200).Select(number => $"{number}: {2 * number}"), await replies.WaitForAsync(200, cancellationToken: Ct));
    }

    private static async Task<IConnection> ConnectAsync(string url) =>
        await new ConnectionFactory { Uri = new Uri(url), NetworkRecoveryInterval = TimeSpan.FromMilliseconds(200) }.CreateConnectionAsync(Ct);

    private static CreateChannelOptions Confirming() => new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);

    // Adds each body, after the name of its queue if there are several, and acknowledges it.
    private static AsyncEventingBasicConsumer Consumer(IChannel channel, Arrivals<string> bodies, string? name = null)
    {
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            var body = Encoding.UTF8.GetString(delivery.Body.Span);
            await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
            bodies.Add(name is null ? body : $"{name} {body}");
        };
        return consumer;
    }

    private static Task Count(AsyncCounter counter)
    {
        counter.Increment();
        return Task.CompletedTask;
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static string Hash(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body));
}
