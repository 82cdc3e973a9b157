using RabbitMQ.Client;

namespace Warren.Messaging.Connections;

/// <summary>Closing channels without caring whether the peer still listens.</summary>
internal static class ChannelExtensions
{
    // The client itself waits 20 seconds for a broker that does not answer, and what comes next would wait with it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Closes and disposes a channel. That the connection is gone meanwhile, or silent, is no error: so is the channel then.</summary>
    public static async ValueTask DisposeQuietlyAsync(this IChannel channel)
    {
        var closing = channel.DisposeAsync().AsTask();
        _ = closing.ContinueWith(
            static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        try
        {
            await closing.WaitAsync(Patience, TimeProvider.System).ConfigureAwait(false);
        }
        catch (Exception error) when (ConnectionErrors.IsOfTheEnd(error))
        {
            // The channel number goes back to the connection, or went with it.
        }
    }
}
