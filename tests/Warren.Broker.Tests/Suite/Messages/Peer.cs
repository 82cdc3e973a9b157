using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Warren.TestKit;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>A connection of RabbitMQ.Client with one channel, and short forms of what the cases do all the time.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private readonly string _url;

    private Peer(string url, IConnection connection, IChannel channel)
    {
        _url = url;
        Connection = connection;
        Channel = channel;
    }

    /// <summary>The connection; it does not recover.</summary>
    public IConnection Connection { get; }

    /// <summary>A channel without confirms.</summary>
    public IChannel Channel { get; }

    /// <summary>A client in the virtual host of a URL.</summary>
    public static async Task<Peer> ConnectAsync(string url)
    {
        var factory = new ConnectionFactory { Uri = new Uri(url), AutomaticRecoveryEnabled = false };
        var connection = await factory.CreateConnectionAsync();
        return new Peer(url, connection, await connection.CreateChannelAsync());
    }

    /// <summary>One more client in the same virtual host.</summary>
    public Task<Peer> AnotherAsync() => ConnectAsync(_url);

    /// <summary>One more channel, with confirms that RabbitMQ.Client only passes on when <paramref name="confirms"/> is set.</summary>
    public Task<IChannel> NewChannelAsync(bool confirms = false) =>
        Connection.CreateChannelAsync(new CreateChannelOptions(confirms, false));

    /// <summary>A channel on which a publish ends with its confirm, and fails with a nack.</summary>
    public Task<IChannel> NewConfirmingChannelAsync() => Connection.CreateChannelAsync(new CreateChannelOptions(true, true));

    /// <summary>Declares a durable queue with the given arguments and no others.</summary>
    public Task<QueueDeclareOk> DeclareAsync(string queue, params (string Name, object? Value)[] arguments) =>
        Channel.DeclareAsync(queue, arguments);

    /// <summary>Declares a durable quorum queue with the given arguments besides its type.</summary>
    public Task<QueueDeclareOk> DeclareQuorumAsync(string queue, params (string Name, object? Value)[] arguments) =>
        Channel.DeclareAsync(queue, [("x-queue-type", "quorum"), .. arguments]);

    /// <summary>Publishes texts to a queue by the default exchange on <see cref="Channel"/>, in its transaction if it has one, without confirms.</summary>
    public async Task PublishOnChannelAsync(string queue, params string[] bodies)
    {
        foreach (var body in bodies)
            await Channel.PublishAsync("", queue, body);
    }

    /// <summary>Publishes texts to a queue by the default exchange and returns when all are confirmed, so that whoever looks finds them.</summary>
    public async Task PublishAsync(string queue, params string[] bodies)
    {
        await using var channel = await NewConfirmingChannelAsync();
        foreach (var body in bodies)
            await channel.PublishAsync("", queue, body);
    }

    /// <summary>The same as mandatory messages: it fails when one of them reached no queue.</summary>
    public async Task PublishMandatoryAsync(string queue, params string[] bodies)
    {
        await using var channel = await NewConfirmingChannelAsync();
        foreach (var body in bodies)
            await channel.PublishAsync("", queue, body, mandatory: true);
    }

    /// <summary>What a passive declare tells: the messages ready in a queue.</summary>
    /// <remarks>RabbitMQ answers it before what was just published, so a count that must rise is waited for.</remarks>
    public async Task<uint> ReadyAsync(string queue)
    {
        await using var channel = await NewChannelAsync();
        return (await channel.QueueDeclarePassiveAsync(queue)).MessageCount;
    }

    /// <summary>Returns once a queue has that many messages ready.</summary>
    public Task UntilReadyAsync(string queue, uint count) =>
        Eventually.GetAsync(() => ReadyAsync(queue), ready => ready == count, $"{queue} has {count} ready messages");

    /// <summary>Whether a queue exists.</summary>
    public async Task<bool> HasQueueAsync(string queue)
    {
        await using var channel = await NewChannelAsync();
        try
        {
            await channel.QueueDeclarePassiveAsync(queue);
            return true;
        }
        catch (OperationInterruptedException refused) when (refused.ShutdownReason?.ReplyCode == 404)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await Connection.DisposeAsync();
    }
}
