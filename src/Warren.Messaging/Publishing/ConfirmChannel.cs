using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Publishing;

/// <summary>
/// A channel in confirm mode. The client's own tracking stays off: it costs a task, a dictionary node and a header for each message
/// and walks all outstanding ones at each confirm (docs/adr/0007-confirm-window.md).
/// </summary>
internal sealed class ConfirmChannel : IAsyncDisposable
{
    private readonly IChannel _channel;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<ShutdownEventArgs> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ConfirmChannel(IChannel channel) => _channel = channel;

    /// <summary>Ends when the channel is closed, by whomever.</summary>
    public Task<ShutdownEventArgs> Closed => _closed.Task;

    /// <summary>Whether a message can still go out on it.</summary>
    public bool IsUsable => !_closed.Task.IsCompleted && _channel.IsOpen;

    /// <summary>Holds what one confirm covers; only this channel's reader loop touches it.</summary>
    public List<PendingPublish> Answered { get; } = [];

    /// <summary>Opens a channel whose confirms and returns go to the publisher.</summary>
    public static async Task<ConfirmChannel> OpenAsync(IConnection connection, ConfirmedPublisher publisher, CancellationToken cancellationToken)
    {
        var options = new CreateChannelOptions(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false, outstandingPublisherConfirmationsRateLimiter: null);
        var opened = await connection.CreateChannelAsync(options, cancellationToken).ConfigureAwait(false);
        var channel = new ConfirmChannel(opened);
        opened.BasicAcksAsync += (_, confirm) =>
        {
            publisher.OnConfirm(channel, confirm.DeliveryTag, confirm.Multiple, acked: true);
            return Task.CompletedTask;
        };
        opened.BasicNacksAsync += (_, confirm) =>
        {
            publisher.OnConfirm(channel, confirm.DeliveryTag, confirm.Multiple, acked: false);
            return Task.CompletedTask;
        };
        opened.BasicReturnAsync += (_, returned) =>
        {
            publisher.OnReturn(channel, returned);
            return Task.CompletedTask;
        };
        opened.ChannelShutdownAsync += (_, reason) =>
        {
            channel.Close(reason);
            return Task.CompletedTask;
        };
        if (opened.CloseReason is { } early)
            channel.Close(early);
        return channel;
    }

    /// <summary>Hands a message to the client; ends when it is queued for the socket.</summary>
    public ValueTask PublishAsync(PendingPublish message) => _channel.BasicPublishAsync(
        message.Exchange, message.RoutingKey, message.Mandatory, message.Properties, message.Body.WrittenMemory, _closing.Token);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _channel.DisposeQuietlyAsync().ConfigureAwait(false);
    }

    private void Close(ShutdownEventArgs reason)
    {
        _closed.TrySetResult(reason);
        // A write that waits for a dead socket must not hold the publisher's pen.
        _closing.Cancel();
    }
}
