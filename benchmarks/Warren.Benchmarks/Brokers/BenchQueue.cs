using RabbitMQ.Client;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Brokers;

/// <summary>The queue of one run: made before it, counted and deleted after it, whatever the run did.</summary>
internal sealed class BenchQueue : IAsyncDisposable
{
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(10);
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private BenchQueue(IConnection connection, IChannel channel, string name)
    {
        _connection = connection;
        _channel = channel;
        Name = name;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Declares a durable queue of a kind.</summary>
    public static async Task<BenchQueue> DeclareAsync(string broker, QueueKind kind, CancellationToken cancellationToken)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(broker) }.CreateConnectionAsync(cancellationToken);
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        var queue = new BenchQueue(connection, channel, $"warren.bench.{Guid.NewGuid():N}");
        await channel.QueueDeclareAsync(
            queue.Name, durable: true, exclusive: false, autoDelete: false,
            kind == QueueKind.Quorum ? new Dictionary<string, object?> { ["x-queue-type"] = "quorum" } : null,
            cancellationToken: cancellationToken);
        return queue;
    }

    /// <summary>Waits until the queue holds exactly this many messages.</summary>
    /// <exception cref="VariantFailedException">It does not: messages were lost, doubled or not acknowledged.</exception>
    public async Task ExpectAsync(long messages, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(SettleLimit, TimeProvider.System);
        uint found;
        while ((found = await _channel.MessageCountAsync(Name, cancellationToken)) != messages)
        {
            if (deadline.IsCancellationRequested)
                throw new VariantFailedException($"The queue holds {found} messages; {messages} were expected.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Deletes the queue, and what libraries name after it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _channel.QueueDeleteAsync(Name, ifUnused: false, ifEmpty: false);
        await _channel.ExchangeDeleteAsync(Name, ifUnused: false);
        await _connection.CloseAsync();
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
