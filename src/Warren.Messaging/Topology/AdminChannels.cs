using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Topology;

/// <summary>
/// Runs operations that the broker answers by closing the channel when it refuses: each series gets a channel of its own, and one
/// that meets a lost connection runs again on the next. Only for operations that may be repeated.
/// </summary>
internal sealed class AdminChannels(BrokerConnection connection, MessagingOptions options, TimeProvider time)
{
    private const int MostInternalErrors = 5;

    /// <summary>Where the operations go, for messages.</summary>
    public BrokerAddress Address => connection.Address;

    /// <summary>Runs the operations on a fresh channel.</summary>
    /// <param name="what">What is being done to what, such as <c>declare queue "a"</c>, for errors.</param>
    /// <param name="operations">The operations; run again from the start after a reconnect.</param>
    /// <exception cref="QueueOperationException">The broker refused.</exception>
    /// <exception cref="ConnectionFailedException">There was no connection for <see cref="MessagingOptions.ConnectTimeout"/>.</exception>
    public async Task<T> RunAsync<T>(string what, Func<IChannel, CancellationToken, Task<T>> operations, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        var lost = false;
        for (var internalErrors = 0; ;)
        {
            try
            {
                if (lost)
                    await Task.Delay(TimeSpan.FromMilliseconds(20), time, either.Token).ConfigureAwait(false);
                return await OnceAsync(operations, either.Token).ConfigureAwait(false);
            }
            catch (OperationInterruptedException error) when (QueueErrors.IsRefusal(error))
            {
                throw QueueErrors.Explain(error, what, connection.Address);
            }
            catch (OperationInterruptedException error) when (QueueErrors.IsInternalError(error) && ++internalErrors == MostInternalErrors)
            {
                // A broker that is starting may fail once or twice; what it fails over again and again it will not do.
                throw QueueErrors.Explain(error, what, connection.Address);
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                var last = connection.LastError is { } error ? $" Last error: {ConnectionErrors.Reason(error)}." : "";
                throw new ConnectionFailedException(
                    $"Could not {what}: no answer from {connection.Address} within {options.ConnectTimeout.TotalSeconds:0.###} s.{last}", connection.LastError);
            }
            catch (Exception error) when (ConnectionErrors.IsOfTheEnd(error) && !cancellationToken.IsCancellationRequested && !connection.IsDisposed)
            {
                // The connection went down in the middle, or the client's patience with it ended before ours: wait for the next one.
                lost = true;
            }
        }
    }

    private async Task<T> OnceAsync<T>(Func<IChannel, CancellationToken, Task<T>> operations, CancellationToken cancellationToken)
    {
        var opened = await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        var channel = await opened.CreateChannelAsync(null, cancellationToken).ConfigureAwait(false);
        try
        {
            return await operations(channel, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await channel.DisposeQuietlyAsync().ConfigureAwait(false);
        }
    }
}
