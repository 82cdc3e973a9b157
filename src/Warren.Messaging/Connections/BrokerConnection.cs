using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Warren.Messaging.Connections;

/// <summary>
/// One AMQP connection that is reopened for ever. Its own loop replaces the client's automatic recovery, which knows nothing of the
/// order in which topology, consumers and unconfirmed publishes have to come back.
/// </summary>
internal sealed partial class BrokerConnection : IAsyncDisposable
{
    private readonly MessagingOptions _options;
    private readonly BrokerAddress _address;
    private readonly ConnectionFactory _factory;
    private readonly List<AmqpTcpEndpoint> _endpoints;
    private readonly string _name;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();

    private TaskCompletionSource<IConnection> _open = NewOpen();
    private Task? _loop;
    private Task _goodbye = Task.CompletedTask;
    private volatile string? _blockedReason;
    private volatile Exception? _lastError;

    public BrokerConnection(MessagingOptions options, BrokerAddress address, string role, TimeProvider time, ILogger logger)
    {
        _options = options;
        _address = address;
        _time = time;
        _logger = logger;
        _name = $"{options.ClientName ?? AppDomain.CurrentDomain.FriendlyName} ({role})";
        _factory = ConnectionFactories.Create(options, address);
        _endpoints = ConnectionFactories.Endpoints(options, address);
    }

    /// <summary>Raised on the connection's reader loop when the broker blocks or unblocks publishers; handlers must not block.</summary>
    public event Action? BlockedChanged;

    /// <summary>Why the broker blocks publishers now, or null.</summary>
    public string? BlockedReason => _blockedReason;

    /// <summary>Why there is no connection now, or what ended the last one.</summary>
    public Exception? LastError => _lastError;

    /// <summary>Whether there is a connection now.</summary>
    public bool IsOpen => _open.Task is { IsCompletedSuccessfully: true } task && task.Result.IsOpen;

    /// <summary>Whether it was disposed: there will be no connection any more.</summary>
    public bool IsDisposed => _stopping.IsCancellationRequested;

    /// <summary>Where it connects to, for messages; without the password.</summary>
    public BrokerAddress Address => _address;

    /// <summary>Begins to connect in the background. Does nothing the second time.</summary>
    public void Start()
    {
        lock (_gate)
            _loop ??= Task.Run(() => RunAsync(first: null));
    }

    /// <summary>Connects within the given number of tries, then keeps the connection open for ever.</summary>
    /// <exception cref="ConnectionFailedException">Every try failed.</exception>
    public async Task ConnectAsync(int attempts, CancellationToken cancellationToken)
    {
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = _time };
        if (attempts > 1)
        {
            // Seed 0's rule: 2^n seconds after the n-th failure, n from 0.
            pipeline.AddRetry(Retry(attempts - 1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(64), jitter: false, $"of {attempts}"));
        }
        try
        {
            var connection = await pipeline.Build().ExecuteAsync(OpenOnceAsync, cancellationToken).ConfigureAwait(false);
            lock (_gate)
                _loop ??= Task.Run(() => RunAsync(connection), CancellationToken.None);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw ConnectionErrors.Explain(error, _address, attempts);
        }
    }

    /// <summary>The open connection; waits while there is none.</summary>
    public async ValueTask<IConnection> OpenAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
        Start();
        while (true)
        {
            Task<IConnection> open;
            lock (_gate)
                open = _open.Task;
            var connection = await open.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (connection.IsOpen)
                return connection;
            // It just went down; the loop replaces the source in a moment.
            await Task.Delay(TimeSpan.FromMilliseconds(1), _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        Task? loop;
        lock (_gate)
        {
            loop = _loop;
            _open.TrySetException(new ObjectDisposedException(nameof(BrokerConnection)));
        }
        if (loop is not null)
            await loop.ConfigureAwait(false);
        await _goodbye.ConfigureAwait(false);
    }

    private static TaskCompletionSource<IConnection> NewOpen()
    {
        var source = new TaskCompletionSource<IConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = source.Task.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return source;
    }

    private async Task RunAsync(IConnection? first)
    {
        var forEver = new ResiliencePipelineBuilder { TimeProvider = _time }
            .AddRetry(Retry(int.MaxValue, TimeSpan.FromMilliseconds(200), _options.ReconnectMaxDelay, jitter: true, "without end"))
            .Build();
        var pause = new ReopenPause(_options.ReconnectMaxDelay, _time);
        var connection = first;
        try
        {
            while (true)
            {
                connection ??= await forEver.ExecuteAsync(OpenOnceAsync, _stopping.Token).ConfigureAwait(false);
                pause.Opened();
                await ServeAsync(connection).ConfigureAwait(false);
                connection = null;
                // A broker that takes each connection and ends it at once must not be called in a circle.
                await pause.WaitAsync(_stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The end of the loop that DisposeAsync waits for.
        }
    }

    private RetryStrategyOptions Retry(int retries, TimeSpan delay, TimeSpan maxDelay, bool jitter, string outOf) => new()
    {
        MaxRetryAttempts = retries,
        BackoffType = DelayBackoffType.Exponential,
        Delay = delay,
        MaxDelay = maxDelay,
        UseJitter = jitter,
        ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is not (null or OperationCanceledException)),
        OnRetry = arguments =>
        {
            _lastError = arguments.Outcome.Exception;
            Log.ConnectFailed(_logger, _address, arguments.AttemptNumber + 1, outOf, arguments.RetryDelay, ConnectionErrors.Reason(arguments.Outcome.Exception!));
            return ValueTask.CompletedTask;
        },
    };

    private async ValueTask<IConnection> OpenOnceAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        var opening = OpenProvenAsync(either.Token);
        IConnection? opened = null;
        try
        {
            return opened = await opening.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (ConnectionErrors.IsTimeout(error) && !cancellationToken.IsCancellationRequested)
        {
            // Of the client's timers and ours any may be first, and the client says no more than that a task was canceled.
            throw new TimeoutException($"no answer within {_options.ConnectTimeout.TotalSeconds:0.###} s", error);
        }
        finally
        {
            // After its time is up the client goes on for some seconds until it lets go by itself; or it has just connected, too late.
            if (opened is null && opening is { IsFaulted: false, IsCanceled: false })
                _ = AbandonAsync(opening);
        }
    }

    // The client does not wait for connection.open-ok, so that a virtual host is refused shows only with the next answer: to a channel.
    private async Task<IConnection> OpenProvenAsync(CancellationToken cancellationToken)
    {
        var connection = await _factory.CreateConnectionAsync(_endpoints, _name, cancellationToken).ConfigureAwait(false);
        try
        {
            var channel = await connection.CreateChannelAsync(null, cancellationToken).ConfigureAwait(false);
            await channel.DisposeQuietlyAsync().ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await CloseAsync(connection).ConfigureAwait(false);
            throw;
        }
    }

    private async Task AbandonAsync(Task<IConnection> opening)
    {
        try
        {
            await CloseAsync(await opening.ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // It failed, as was to be expected; whoever waited has been told why.
            Log.CloseFailed(_logger, error);
        }
    }

    // Holds one connection from open to closed.
    private async Task ServeAsync(IConnection connection)
    {
        var closed = new TaskCompletionSource<ShutdownEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionShutdownAsync += (_, reason) =>
        {
            closed.TrySetResult(reason);
            return Task.CompletedTask;
        };
        connection.ConnectionBlockedAsync += (_, blocked) =>
        {
            Log.Blocked(_logger, _address, blocked.Reason);
            SetBlocked(blocked.Reason);
            return Task.CompletedTask;
        };
        connection.ConnectionUnblockedAsync += (_, _) =>
        {
            Log.Unblocked(_logger, _address);
            SetBlocked(null);
            return Task.CompletedTask;
        };
        // It may have closed before the handler above was there.
        if (connection.CloseReason is { } early)
            closed.TrySetResult(early);

        Log.Connected(_logger, _address, _name);
        lock (_gate)
            _open.TrySetResult(connection);
        try
        {
            var reason = await closed.Task.WaitAsync(_stopping.Token).ConfigureAwait(false);
            _lastError = new ConnectionFailedException($"The connection to {_address} ended: {reason.ReplyCode} {reason.ReplyText}", reason.Exception);
            Log.Lost(_logger, _address, reason.ReplyCode, reason.ReplyText);
        }
        finally
        {
            lock (_gate)
            {
                if (_open.Task.IsCompletedSuccessfully)
                    _open = NewOpen();
                // DisposeAsync may have been here before, and nobody else tells who waits on the new one.
                if (_stopping.IsCancellationRequested)
                    _open.TrySetException(new ObjectDisposedException(nameof(BrokerConnection)));
            }
            SetBlocked(null);
            // A goodbye to a silent peer takes seconds. The next connection does not wait for it, only the end does.
            _goodbye = Task.WhenAll(_goodbye, CloseAsync(connection));
        }
    }

    private async Task CloseAsync(IConnection connection)
    {
        try
        {
            await connection.CloseAsync(Constants.ReplySuccess, "Goodbye", TimeSpan.FromSeconds(5), abort: true, CancellationToken.None).ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (ConnectionErrors.IsOfTheEnd(error))
        {
            // A goodbye to a peer that is gone. Nothing depends on it.
            Log.CloseFailed(_logger, error);
        }
    }

    private void SetBlocked(string? reason)
    {
        _blockedReason = reason;
        BlockedChanged?.Invoke();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Connected to {Address} as {Name}")]
        public static partial void Connected(ILogger logger, BrokerAddress address, string name);

        [LoggerMessage(LogLevel.Warning, "Could not connect to {Address}: {Reason}. Attempt {Attempt} {OutOf}; next in {Delay}")]
        public static partial void ConnectFailed(ILogger logger, BrokerAddress address, int attempt, string outOf, TimeSpan delay, string reason);

        [LoggerMessage(LogLevel.Warning, "Lost the connection to {Address}: {Code} {Text}. Reconnecting")]
        public static partial void Lost(ILogger logger, BrokerAddress address, ushort code, string text);

        [LoggerMessage(LogLevel.Warning, "{Address} blocks publishers: {Reason}")]
        public static partial void Blocked(ILogger logger, BrokerAddress address, string reason);

        [LoggerMessage(LogLevel.Information, "{Address} no longer blocks publishers")]
        public static partial void Unblocked(ILogger logger, BrokerAddress address);

        [LoggerMessage(LogLevel.Debug, "The connection did not close in good order")]
        public static partial void CloseFailed(ILogger logger, Exception error);
    }
}
