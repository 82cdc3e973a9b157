using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Warren.TestKit;

namespace Warren.Messaging.Tests;

/// <summary>A bare AMQP client beside the bus: sees what is on the wire, and publishes what a bus would not.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private readonly IConnection _connection;

    private RawClient(IConnection connection, IChannel channel)
    {
        _connection = connection;
        Channel = channel;
    }

    /// <summary>A channel in confirm mode; a publish on it ends when the broker has the message.</summary>
    public IChannel Channel { get; }

    /// <summary>Connects as the URL says, or as another user.</summary>
    public static async Task<RawClient> ConnectAsync(string url, string? user = null, string? password = null)
    {
        var factory = new ConnectionFactory { Uri = new Uri(url), AutomaticRecoveryEnabled = false };
        if (user is not null)
            (factory.UserName, factory.Password) = (user, password ?? user);
        var connection = await factory.CreateConnectionAsync();
        return new RawClient(connection, await connection.CreateChannelAsync(new CreateChannelOptions(true, true)));
    }

    /// <summary>The virtual host a URL names.</summary>
    public static string VirtualHost(string url) => Uri.UnescapeDataString(new Uri(url).AbsolutePath[1..]);

    /// <summary>The URL of the same virtual host for another user.</summary>
    public static string As(string url, string user) => new UriBuilder(url) { UserName = user, Password = user }.Uri.ToString();

    /// <summary>Declares a durable queue with the given arguments and no others.</summary>
    public Task DeclareAsync(string queue, params (string Name, object? Value)[] arguments) =>
        Channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments.ToDictionary(pair => pair.Name, pair => pair.Value));

    /// <summary>Publishes text with the given properties and waits for the confirm.</summary>
    public ValueTask PublishAsync(string exchange, string routingKey, string body, BasicProperties? properties = null) =>
        Channel.BasicPublishAsync(exchange, routingKey, mandatory: false, properties ?? new BasicProperties(), Encoding.UTF8.GetBytes(body));

    /// <summary>The first message of a queue, once there is one; it is acknowledged.</summary>
    public async Task<BasicGetResult> TakeAsync(string queue) =>
        (await Eventually.GetAsync(() => Channel.BasicGetAsync(queue, autoAck: true), message => message is not null, $"{queue} has a message"))!;

    /// <summary>The first message of a queue, or null if it is empty now; it is acknowledged.</summary>
    public Task<BasicGetResult?> TryTakeAsync(string queue) => Channel.BasicGetAsync(queue, autoAck: true);

    /// <summary>The bodies of the next messages of a queue, in order.</summary>
    public async Task<IReadOnlyList<string>> DrainAsync(string queue, int count)
    {
        var bodies = new Arrivals<string>();
        var consumer = new AsyncEventingBasicConsumer(Channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            bodies.Add(Encoding.UTF8.GetString(delivery.Body.Span));
            return Task.CompletedTask;
        };
        var tag = await Channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        await bodies.WaitForAsync(count, TimeSpan.FromSeconds(60));
        await Channel.BasicCancelAsync(tag);
        return bodies.Items;
    }

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
