using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Publishing;

[Trait("Category", "Service")]
public class PublishTests(RabbitMqFixture rabbit)
{
    [Theory]
    [InlineData(QueueType.Classic)]
    [InlineData(QueueType.Quorum)]
    public async Task The_confirm_brings_the_message_id_and_the_queue_has_the_message(QueueType type)
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await bus.Queues.DeclareAsync(new QueueDefinition("inbox") { Type = type });

        var id = await bus.SendAsync("inbox", new Numbered(1));
        var given = await bus.SendAsync("inbox", new Numbered(2), new PublishOptions { MessageId = "mine" });

        Assert.Equal(7, Guid.Parse(id!).Version);
        Assert.Equal("mine", given);
        Assert.Equal(id, (await raw.TryTakeAsync("inbox"))!.BasicProperties.MessageId);
        Assert.Equal("mine", (await raw.TryTakeAsync("inbox"))!.BasicProperties.MessageId);
    }

    [Fact]
    public async Task Without_options_a_message_carries_what_every_receiver_needs_and_nothing_else()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("inbox");
        var before = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

        var id = await bus.SendAsync("inbox", new Numbered(7, "ü"));

        var message = await raw.TakeAsync("inbox");
        var properties = message.BasicProperties;
        Assert.Equal("""{"id":7,"text":"ü"}""", System.Text.RegularExpressions.Regex.Unescape(Encoding.UTF8.GetString(message.Body.Span)));
        Assert.Equal("", message.Exchange);
        Assert.Equal("inbox", message.RoutingKey);
        Assert.Equal(id, properties.MessageId);
        Assert.False(properties.IsTimestampPresent());
        Assert.InRange(MessageHeaders.TimeOf(properties.MessageId)!.Value.ToUnixTimeSeconds(), before, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        Assert.Equal(DeliveryModes.Persistent, properties.DeliveryMode);
        Assert.Equal("application/json", properties.ContentType);
        Assert.True(properties.Headers is null or { Count: 0 });
        Assert.False(properties.IsContentEncodingPresent());
        Assert.False(properties.IsCorrelationIdPresent());
        Assert.False(properties.IsReplyToPresent());
        Assert.False(properties.IsExpirationPresent());
        Assert.False(properties.IsPriorityPresent());
        Assert.False(properties.IsTypePresent());
        Assert.False(properties.IsUserIdPresent());
        Assert.False(properties.IsAppIdPresent());
    }

    [Fact]
    public async Task Each_option_is_on_the_wire_as_amqp_has_it()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("inbox");

        await bus.SendAsync("inbox", new Numbered(1), new PublishOptions
        {
            MessageId = "m-1",
            CorrelationId = "c-1",
            Type = "numbered.created",
            ReplyTo = "answers",
            Expiration = TimeSpan.FromMinutes(5),
            Priority = 7,
            ContentType = "application/vnd.numbered+json",
            Headers = new Dictionary<string, object?>
            {
                ["text"] = "Grüße",
                ["long"] = 1L << 40,
                ["flag"] = true,
                ["double"] = 0.5,
                ["bytes"] = new byte[] { 0, 255 },
                ["time"] = new AmqpTimestamp(1_700_000_000),
                ["list"] = new List<object?> { 1, "two" },
                ["table"] = new Dictionary<string, object?> { ["inner"] = 3 },
                ["none"] = null,
            },
        });

        var properties = (await raw.TakeAsync("inbox")).BasicProperties;
        Assert.Equal("m-1", properties.MessageId);
        Assert.Equal("c-1", properties.CorrelationId);
        Assert.Equal("numbered.created", properties.Type);
        Assert.Equal("answers", properties.ReplyTo);
        Assert.Equal("300000", properties.Expiration);
        Assert.Equal(7, properties.Priority);
        Assert.Equal("application/vnd.numbered+json", properties.ContentType);
        var headers = properties.Headers!;
        Assert.Equal("Grüße", MessageHeaders.Text(headers, "text"));
        Assert.Equal(1L << 40, headers["long"]);
        Assert.Equal(true, headers["flag"]);
        Assert.Equal(0.5, headers["double"]);
        Assert.Equal(new byte[] { 0, 255 }, headers["bytes"]);
        Assert.Equal(new AmqpTimestamp(1_700_000_000), headers["time"]);
        Assert.Equal([1, "two"u8.ToArray()], (List<object?>)headers["list"]!);
        Assert.Equal(3, ((IDictionary<string, object?>)headers["table"]!)["inner"]);
        Assert.Null(headers["none"]);
    }

    [Fact]
    public async Task Options_of_one_message_do_not_stick_to_the_next()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("inbox");

        await bus.SendAsync("inbox", new Numbered(1), new PublishOptions
        {
            CorrelationId = "c", Type = "t", ReplyTo = "r", Expiration = TimeSpan.FromHours(1), Priority = 1, Persistent = false,
            Headers = new Dictionary<string, object?> { ["secret"] = "of the first" },
        });
        await bus.SendAsync("inbox", new Numbered(2));

        var first = (await raw.TakeAsync("inbox")).BasicProperties;
        Assert.Equal(DeliveryModes.Transient, first.DeliveryMode);
        var second = (await raw.TakeAsync("inbox")).BasicProperties;
        Assert.Equal(DeliveryModes.Persistent, second.DeliveryMode);
        Assert.True(second.Headers is null or { Count: 0 });
        Assert.False(second.IsCorrelationIdPresent() || second.IsTypePresent() || second.IsReplyToPresent());
        Assert.False(second.IsExpirationPresent() || second.IsPriorityPresent());
    }

    [Fact]
    public async Task An_exchange_that_exists_is_used_as_it_is()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.Channel.ExchangeDeclareAsync("orders", "direct", durable: false, autoDelete: false);
        await raw.DeclareAsync("inbox");
        await raw.Channel.QueueBindAsync("inbox", "orders", "order.*");

        await bus.PublishAsync("orders", "order.created", new Numbered(1));
        await bus.PublishAsync("orders", "order.*", new Numbered(2));

        // A direct exchange takes the pattern by the letter.
        Assert.Equal("order.*", (await raw.TakeAsync("inbox")).RoutingKey);
        Assert.Null(await raw.TryTakeAsync("inbox"));
    }

    [Fact]
    public async Task An_exchange_that_does_not_exist_is_created_as_a_durable_topic_exchange()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);

        await bus.PublishAsync("created", "a.b", new Numbered(1));

        await raw.Channel.ExchangeDeclareAsync("created", "topic", durable: true, autoDelete: false);
        var refused = await Assert.ThrowsAsync<OperationInterruptedException>(
            () => raw.Channel.ExchangeDeclareAsync("created", "topic", durable: false, autoDelete: false));
        Assert.Equal(406, refused.ShutdownReason!.ReplyCode);
    }

    [Fact]
    public async Task An_exchange_that_is_deleted_meanwhile_is_declared_again()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await bus.PublishAsync("fleeting", "a", new Numbered(1));
        await raw.Channel.ExchangeDeleteAsync("fleeting");

        Assert.NotNull(await bus.PublishAsync("fleeting", "a", new Numbered(2)));

        await raw.Channel.ExchangeDeclarePassiveAsync("fleeting");
    }

    [Fact]
    public async Task An_event_nobody_listens_to_is_no_error_unless_asked()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());

        Assert.NotNull(await bus.PublishAsync("events", "nobody.listens", new Numbered(1)));
        var error = await Assert.ThrowsAsync<PublishFailedException>(
            () => bus.PublishAsync("events", "nobody.listens", new Numbered(1), new PublishOptions { Mandatory = true, MessageId = "mine" }));

        Assert.Equal(PublishFailureReason.Unroutable, error.Reason);
        Assert.Equal("mine", error.MessageId);
        Assert.Contains("\"events\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("\"nobody.listens\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Raw_bytes_are_sent_as_they_are()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("inbox");

        await bus.SendAsync("inbox", new byte[] { 0, 1, 2, 255 });

        var message = await raw.TakeAsync("inbox");
        Assert.Equal([0, 1, 2, 255], message.Body.ToArray());
        Assert.Equal("application/octet-stream", message.BasicProperties.ContentType);
    }
}
