using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using Warren.TestKit;

namespace Warren.Broker.Tests.Suite;

/// <summary>What all suites of the broker have in hand: a virtual host of the case's own, clients that end with it, and refusals to the letter.</summary>
public abstract class BrokerSuite(SuiteBroker broker) : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _open = [];
    private string? _url;

    /// <summary>The broker the case runs on.</summary>
    protected SuiteBroker Broker { get; } = broker;

    /// <summary>The name of the case's virtual host, once a client or <see cref="UrlAsync"/> has asked for it.</summary>
    protected string VirtualHost => Uri.UnescapeDataString(new Uri(_url ?? throw new InvalidOperationException("Nobody has connected yet.")).AbsolutePath[1..]);

    /// <summary>Asserts that the connection ends over octets the broker cannot make anything of: at once, or after it said so.</summary>
    protected async Task ExpectFailureAsync(RawAmqpClient client)
    {
        if (Broker.SaysWhyItEnds)
        {
            await client.ExpectAsync(0, "connection.close");
            await client.SendAsync(0, "connection.close-ok");
        }

        await client.ExpectEndAsync();
    }

    /// <summary>The AMQP URL of the case's virtual host.</summary>
    protected async Task<string> UrlAsync() => _url ??= await Broker.UrlAsync();

    /// <summary>Opens a connection that is not reopened and ends with the case, as guest or as a user whose password is its name.</summary>
    protected async Task<IConnection> ConnectAsync(string? user = null)
    {
        var factory = new ConnectionFactory { Uri = new Uri(await UrlAsync()), AutomaticRecoveryEnabled = false };
        if (user is not null)
            (factory.UserName, factory.Password) = (user, user);
        var connection = await factory.CreateConnectionAsync();
        _open.Add(connection);
        return connection;
    }

    /// <summary>Opens a channel, on a connection of its own when none is given. A publish on it ends when the broker has confirmed it.</summary>
    protected async Task<IChannel> ChannelAsync(IConnection? connection = null)
    {
        var channel = await (connection ?? await ConnectAsync()).CreateChannelAsync(new CreateChannelOptions(true, true));
        _open.Add(channel);
        return channel;
    }

    /// <summary>Opens a channel without publisher confirms.</summary>
    protected async Task<IChannel> PlainChannelAsync(IConnection? connection = null)
    {
        var channel = await (connection ?? await ConnectAsync()).CreateChannelAsync();
        _open.Add(channel);
        return channel;
    }

    /// <summary>Opens a bare connection with channel 1, to say and hear every frame.</summary>
    protected async Task<RawAmqpClient> RawAsync(RawTuning? tuning = null)
    {
        var client = await RawConnectionAsync(tuning);
        await client.OpenChannelAsync(1);
        return client;
    }

    /// <summary>Opens a bare connection without any channel.</summary>
    protected async Task<RawAmqpClient> RawConnectionAsync(RawTuning? tuning = null)
    {
        var client = await RawAmqpClient.OpenAsync(await UrlAsync(), tuning);
        _open.Add(client);
        return client;
    }

    /// <summary>Opens a socket to the broker on which nothing has been said.</summary>
    protected async Task<RawAmqpClient> RawSocketAsync()
    {
        var client = await RawAmqpClient.ConnectAsync(await UrlAsync());
        _open.Add(client);
        return client;
    }

    /// <summary>Asserts that the broker answers a call with a close of exactly this code and text.</summary>
    protected static async Task RefusedAsync(Func<Task> call, ushort code, string text)
    {
        var refusal = await Assert.ThrowsAnyAsync<OperationInterruptedException>(call);
        Assert.Equal((code, text), (refusal.ShutdownReason?.ReplyCode ?? 0, refusal.ShutdownReason?.ReplyText ?? refusal.Message));
    }

    /// <summary>Arguments of a declaration or binding.</summary>
    protected static Dictionary<string, object?> Arguments(params (string Name, object? Value)[] arguments) =>
        arguments.ToDictionary(pair => pair.Name, pair => pair.Value);

    /// <summary>Publishes text; on a channel with confirms it ends when the broker has it.</summary>
    protected static ValueTask PublishAsync(
        IChannel channel, string exchange, string routingKey, string body, BasicProperties? properties = null, bool mandatory = false) =>
        channel.BasicPublishAsync(exchange, routingKey, mandatory, properties ?? new BasicProperties(), Encoding.UTF8.GetBytes(body));

    /// <summary>The text of a body.</summary>
    protected static string Text(ReadOnlyMemory<byte> body) => Encoding.UTF8.GetString(body.Span);

    /// <summary>The texts of all messages that are ready in a queue now, in order; they are taken out.</summary>
    protected static async Task<IReadOnlyList<string>> DrainAsync(IChannel channel, string queue)
    {
        List<string> bodies = [];
        while (await channel.BasicGetAsync(queue, autoAck: true) is { } message)
            bodies.Add(Text(message.Body));
        return bodies;
    }

    /// <summary>The first message of a queue, once there is one; it is acknowledged.</summary>
    protected static async Task<BasicGetResult> TakeAsync(IChannel channel, string queue) =>
        (await Eventually.GetAsync(() => channel.BasicGetAsync(queue, autoAck: true), message => message is not null, $"{queue} has a message"))!;

    /// <summary>Consumes a queue; deliveries arrive in what is returned, whose bodies live on.</summary>
    protected static async Task<Arrivals<BasicDeliverEventArgs>> ConsumeAsync(
        IChannel channel, string queue, bool autoAck = true, string tag = "", bool exclusive = false, Dictionary<string, object?>? arguments = null)
    {
        var arrivals = new Arrivals<BasicDeliverEventArgs>();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            // The client takes the body back when this returns.
            arrivals.Add(new BasicDeliverEventArgs(
                delivery.ConsumerTag, delivery.DeliveryTag, delivery.Redelivered, delivery.Exchange, delivery.RoutingKey,
                new BasicProperties(delivery.BasicProperties), delivery.Body.ToArray()));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck, tag, noLocal: false, exclusive, arguments, consumer);
        return arrivals;
    }

    /// <summary>Ends the clients of the case.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var open in Enumerable.Reverse(_open))
            await open.DisposeAsync();
        if (_url is not null)
            await Broker.ReleaseAsync(_url);
        GC.SuppressFinalize(this);
    }
}
