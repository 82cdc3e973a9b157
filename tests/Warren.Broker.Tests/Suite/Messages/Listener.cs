using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Warren.TestKit;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>One message as a client got it.</summary>
/// <param name="ConsumerTag">Whose it is; empty for one that was fetched.</param>
/// <param name="Tag">The delivery tag.</param>
/// <param name="Redelivered">Whether it may have been delivered before.</param>
/// <param name="Exchange">Where it was published last.</param>
/// <param name="RoutingKey">With which key.</param>
/// <param name="Left">The messages left in the queue; 0 unless it was fetched.</param>
/// <param name="Properties">Its properties.</param>
/// <param name="Text">Its body.</param>
internal sealed record Received(
    string ConsumerTag,
    ulong Tag,
    bool Redelivered,
    string Exchange,
    string RoutingKey,
    uint Left,
    IReadOnlyBasicProperties Properties,
    string Text)
{
    /// <summary>A header's value; null when it has none of the name.</summary>
    public object? Header(string name)
    {
        var value = Properties.Headers is { } headers && headers.TryGetValue(name, out var found) ? found : null;
        return value is byte[] text ? Encoding.UTF8.GetString(text) : value;
    }
}

/// <summary>A consumer that keeps what it gets and leaves acknowledging to the case.</summary>
internal sealed class Listener(IChannel channel) : IAsyncBasicConsumer
{
    /// <summary>What was delivered so far.</summary>
    public Arrivals<Received> Deliveries { get; } = new();

    /// <summary>The tags the broker cancelled on its own account.</summary>
    public Arrivals<string> Cancelled { get; } = new();

    /// <summary>The consumer tag.</summary>
    public string Tag { get; set; } = "";

    /// <inheritdoc/>
    public IChannel Channel { get; } = channel;

    /// <summary>The texts of the first deliveries, once there are that many.</summary>
    public async Task<string[]> TextsAsync(int count) => [.. (await Deliveries.WaitForAsync(count)).Select(delivery => delivery.Text)];

    /// <summary>The delivery at an index, once it is there.</summary>
    public async Task<Received> AtAsync(int index) => (await Deliveries.WaitForAsync(index + 1))[index];

    public Task HandleBasicDeliverAsync(
        string consumerTag,
        ulong deliveryTag,
        bool redelivered,
        string exchange,
        string routingKey,
        IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default)
    {
        // The client takes the body back when this returns.
        var text = Encoding.UTF8.GetString(body.Span);
        Deliveries.Add(new Received(consumerTag, deliveryTag, redelivered, exchange, routingKey, 0, properties, text));
        return Task.CompletedTask;
    }

    public Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        Cancelled.Add(consumerTag);
        return Task.CompletedTask;
    }

    public Task HandleBasicCancelOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task HandleBasicConsumeOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) => Task.CompletedTask;
}
