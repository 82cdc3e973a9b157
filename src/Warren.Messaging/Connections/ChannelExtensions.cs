using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Warren.Messaging.Connections;

/// <summary>Closing channels without caring whether the peer still listens.</summary>
internal static class ChannelExtensions
{
    /// <summary>Closes and disposes a channel. That the connection is gone meanwhile is no error: so is the channel then.</summary>
    public static async ValueTask DisposeQuietlyAsync(this IChannel channel)
    {
        try
        {
            await channel.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is RabbitMQClientException or IOException or ObjectDisposedException or TimeoutException or OperationCanceledException)
        {
            // The channel number goes back to the connection, or went with it.
        }
    }
}
