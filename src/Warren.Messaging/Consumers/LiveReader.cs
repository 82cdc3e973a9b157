using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using Warren.Messaging.Connections;
using Warren.Messaging.Diagnostics;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Consumers;

/// <summary>Makes what a reader sees of a delivery.</summary>
internal delegate T LiveDecoder<T>(string routingKey, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body);

/// <summary>
/// Reads live events for one reader: an exclusive queue, acknowledged by itself, and a bounded buffer. After a lost connection it
/// starts again with a new queue.
/// </summary>
internal sealed partial class LiveReader<T> : IAsyncBasicConsumer, IAsyncDisposable
{
    private readonly BrokerConnection _connection;
    private readonly TopologyDeclarer _declarer;
    private readonly LiveDecoder<T> _decode;
    private readonly string _exchange;
    private readonly string _bindingKey;
    private readonly ReadOptions _read;
    private readonly TimeSpan _longestPause;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<T> _buffer;
    private Task? _loop;
    private TaskCompletionSource<string> _ended = new();

    public LiveReader(
        BrokerConnection connection, TopologyDeclarer declarer, LiveDecoder<T> decode, string exchange, string bindingKey,
        ReadOptions read, MessagingOptions options, TimeProvider time, ILogger logger)
    {
        _connection = connection;
        _declarer = declarer;
        _decode = decode;
        _exchange = exchange;
        _bindingKey = bindingKey;
        _read = read;
        _longestPause = options.ReconnectMaxDelay;
        _time = time;
        _logger = logger;
        var mode = read.Overflow == ReadOverflow.DropOldest ? BoundedChannelFullMode.DropOldest : BoundedChannelFullMode.Wait;
        _buffer = System.Threading.Channels.Channel.CreateBounded<T>(
            new BoundedChannelOptions(read.Capacity) { FullMode = mode, SingleReader = true, SingleWriter = true },
            static _ => MessagingTelemetry.LiveDropped.Add(1));
    }

    /// <inheritdoc />
    public IChannel? Channel { get; private set; }

    /// <summary>The events, in the broker's order.</summary>
    public ChannelReader<T> Events => _buffer.Reader;

    /// <summary>Begins to read; ends when the queue is bound, so that what is published after this is seen.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _loop ??= Task.Run(RunAsync, CancellationToken.None);
        await _started.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_loop is not null)
            await _loop.ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <inheritdoc />
    public Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
        IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        try
        {
            var message = _decode(routingKey, properties, body);
            if (!_buffer.Writer.TryWrite(message))
            {
                MessagingTelemetry.LiveDropped.Add(1);
                if (_read.Overflow == ReadOverflow.Fail)
                {
                    _buffer.Writer.TryComplete(new MessagingException(
                        $"The reader of \"{_exchange}\" with \"{_bindingKey}\" was too slow: more than {_read.Capacity} events wait for it."));
                }
            }
        }
        catch (ContentException error)
        {
            // There is no dead letter for a live event: its other readers have their own copies.
            MessagingTelemetry.LiveDropped.Add(1);
            Log.Unreadable(_logger, error, _exchange, routingKey);
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        _ended.TrySetResult("the broker canceled the consumer");
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task HandleBasicCancelOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <inheritdoc />
    public Task HandleBasicConsumeOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <inheritdoc />
    public Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) => Task.CompletedTask;

    private async Task RunAsync()
    {
        var pause = new ReopenPause(_longestPause, _time);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await LiveOnceAsync(pause).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                // The end of the loop that DisposeAsync waits for.
            }
            catch (QueueOperationException error) when (_started.TrySetException(error))
            {
                return;
            }
            catch (Exception) when (_connection.IsDisposed)
            {
                // The bus was disposed: no more events, and nobody may wait for them for ever.
                var error = new ObjectDisposedException(typeof(MessageBus).FullName);
                _started.TrySetException(error);
                _buffer.Writer.TryComplete(error);
                return;
            }
            catch (OperationInterruptedException error) when (QueueErrors.IsRefusal(error) && _started.TrySetException(Refused(error)))
            {
                return;
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // The loop must live on: it is what brings the events back.
                Log.Interrupted(_logger, error, _exchange, _bindingKey);
            }
            await pause.WaitAsync(_stopping.Token).ConfigureAwait(false);
        }
    }

    private async Task LiveOnceAsync(ReopenPause pause)
    {
        await _declarer.EnsureExchangeAsync(new ExchangeDefinition(_exchange) { Kind = _read.ExchangeKind }, _stopping.Token).ConfigureAwait(false);
        var connection = await _connection.OpenAsync(_stopping.Token).ConfigureAwait(false);
        var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false), _stopping.Token).ConfigureAwait(false);
        try
        {
            var ended = _ended = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            channel.ChannelShutdownAsync += (_, reason) =>
            {
                ended.TrySetResult($"{reason.ReplyCode} {reason.ReplyText}");
                return Task.CompletedTask;
            };
            Channel = channel;
            var queue = await channel.QueueDeclareAsync(
                "", durable: false, exclusive: true, autoDelete: true, arguments: null, cancellationToken: _stopping.Token).ConfigureAwait(false);
            await channel.QueueBindAsync(queue.QueueName, _exchange, _bindingKey, cancellationToken: _stopping.Token).ConfigureAwait(false);
            await channel.BasicConsumeAsync(
                queue.QueueName, autoAck: true, "", noLocal: false, exclusive: true, arguments: null, this, _stopping.Token).ConfigureAwait(false);
            pause.Opened();
            _started.TrySetResult();
            var reason = channel.CloseReason is { } early ? early.ReplyText : await ended.Task.WaitAsync(_stopping.Token).ConfigureAwait(false);
            Log.Lost(_logger, _exchange, _bindingKey, reason);
        }
        finally
        {
            await channel.DisposeQuietlyAsync().ConfigureAwait(false);
        }
    }

    private QueueOperationException Refused(OperationInterruptedException error) =>
        QueueErrors.Explain(error, $"read exchange \"{_exchange}\" with \"{_bindingKey}\"", _connection.Address);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A live event of {Exchange} with key {RoutingKey} could not be read and was dropped")]
        public static partial void Unreadable(ILogger logger, Exception error, string exchange, string routingKey);

        [LoggerMessage(LogLevel.Warning, "Live reading of {Exchange} with {BindingKey} could not start; trying again")]
        public static partial void Interrupted(ILogger logger, Exception error, string exchange, string bindingKey);

        [LoggerMessage(LogLevel.Information, "Live reading of {Exchange} with {BindingKey} was interrupted and starts again: {Reason}")]
        public static partial void Lost(ILogger logger, string exchange, string bindingKey, string reason);
    }
}
