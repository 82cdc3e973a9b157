using System.Text;
using RabbitMQ.Client;
using Warren.TestKit;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Short forms of what the cases do with a channel of RabbitMQ.Client.</summary>
internal static class ChannelForms
{
    /// <summary>Declares a durable queue with the given arguments and no others.</summary>
    public static Task<QueueDeclareOk> DeclareAsync(this IChannel channel, string queue, params (string Name, object? Value)[] arguments) =>
        channel.QueueDeclareAsync(
            queue, durable: true, exclusive: false, autoDelete: false, arguments.ToDictionary(pair => pair.Name, pair => pair.Value));

    /// <summary>Publishes a text.</summary>
    public static ValueTask PublishAsync(
        this IChannel channel,
        string exchange,
        string routingKey,
        string body,
        BasicProperties? properties = null,
        bool mandatory = false) =>
        channel.BasicPublishAsync(exchange, routingKey, mandatory, properties ?? new BasicProperties(), Encoding.UTF8.GetBytes(body));

    /// <summary>The first message of a queue, or null when it has none ready now.</summary>
    public static async Task<Received?> GetAsync(this IChannel channel, string queue, bool noAck = true) =>
        await channel.BasicGetAsync(queue, noAck) is { } got
            ? new Received(
                "",
                got.DeliveryTag,
                got.Redelivered,
                got.Exchange,
                got.RoutingKey,
                got.MessageCount,
                got.BasicProperties,
                Encoding.UTF8.GetString(got.Body.Span))
            : null;

    /// <summary>The first message of a queue, once it has one.</summary>
    public static async Task<Received> TakeAsync(this IChannel channel, string queue, bool noAck = true) =>
        (await Eventually.GetAsync(() => channel.GetAsync(queue, noAck), got => got is not null, $"{queue} has a message"))!;

    /// <summary>The bodies of the next messages of a queue, in order, each taken once it is there.</summary>
    public static async Task<string[]> TakeTextsAsync(this IChannel channel, string queue, int count)
    {
        var texts = new string[count];
        for (var i = 0; i < count; i++)
            texts[i] = (await channel.TakeAsync(queue)).Text;
        return texts;
    }

    /// <summary>Starts a consumer.</summary>
    public static async Task<Listener> ConsumeAsync(
        this IChannel channel,
        string queue,
        bool noAck = false,
        string tag = "",
        bool exclusive = false,
        bool noLocal = false,
        params (string Name, object? Value)[] arguments)
    {
        var listener = new Listener(channel);
        listener.Tag = await channel.BasicConsumeAsync(
            queue, noAck, tag, noLocal, exclusive, arguments.ToDictionary(pair => pair.Name, pair => pair.Value), listener);
        return listener;
    }

    /// <summary>Code and text the broker closed this channel with, once it did.</summary>
    public static async Task<(int Code, string Text)> ClosedAsync(this IChannel channel)
    {
        var reason = await Eventually.GetAsync(
            () => Task.FromResult(channel.CloseReason), reason => reason is not null, "the channel is closed");
        return (reason!.ReplyCode, reason.ReplyText);
    }

    /// <summary>Code and text the broker closed this connection with, once it did.</summary>
    public static async Task<(int Code, string Text)> ClosedAsync(this IConnection connection)
    {
        var reason = await Eventually.GetAsync(
            () => Task.FromResult(connection.CloseReason), reason => reason is not null, "the connection is closed");
        return (reason!.ReplyCode, reason.ReplyText);
    }
}
