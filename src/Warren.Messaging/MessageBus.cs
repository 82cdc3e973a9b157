using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Warren.Messaging.Connections;
using Warren.Messaging.Consumers;
using Warren.Messaging.Content;
using Warren.Messaging.Hosting;
using Warren.Messaging.Publishing;
using Warren.Messaging.Retries;
using Warren.Messaging.Rpc;
using Warren.Messaging.Topology;

namespace Warren.Messaging;

/// <summary>The bus over a real broker: a connection to consume on, one or more to publish on, all reopened for ever.</summary>
public sealed partial class MessageBus : IMessageBus
{
    private readonly MessagingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly BrokerConnection _consuming;
    private readonly BrokerConnection[] _publishing;
    private readonly ContentPipeline _content;
    private readonly TopologyDeclarer _declarer;
    private readonly MessagePublisher _publisher;
    private readonly RetryLadder _ladder;
    private readonly Requester _requester;
    private readonly Replier _replier;
    private readonly ConcurrentDictionary<ConsumerLoop, byte> _consumers = new();
    private readonly Lock _gate = new();
    private Task? _disposal;

    internal MessageBus(MessagingOptions options, BrokerAddress address, ILoggerFactory loggers, TimeProvider time)
    {
        _options = options;
        _time = time;
        _logger = loggers.CreateLogger<MessageBus>();
        var connections = loggers.CreateLogger("Warren.Messaging.Connections");
        var publishing = loggers.CreateLogger("Warren.Messaging.Publishing");
        _consuming = new BrokerConnection(options, address, "consume", time, connections);
        _publishing = [.. Enumerable.Range(0, options.PublishConnections)
            .Select(i => new BrokerConnection(options, address, i == 0 ? "publish" : $"publish {i + 1}", time, connections))];
        _content = new ContentPipeline(options);
        // A memory alarm stops connections that publish; consumers must be able to come back and drain the queues even then.
        var channels = new AdminChannels(_consuming, options, time);
        _declarer = new TopologyDeclarer(channels);
        _publisher = new MessagePublisher(_publishing, _declarer, _content, options, time, publishing);
        _ladder = new RetryLadder(_declarer, _publisher);
        _requester = new Requester(_publishing[0], _content, options, time);
        _replier = new Replier(_publishing[0], _content, options, publishing);
        Queues = new QueueAdmin(channels, _declarer, new QueueMover(channels, _publisher, time).MoveAsync);
        DeadLetters = new DeadLetters(channels, _declarer, _publisher, time);
    }

    /// <inheritdoc />
    public QueueAdmin Queues { get; }

    /// <inheritdoc />
    public DeadLetters DeadLetters { get; }

    /// <inheritdoc />
    public BusHealth Health
    {
        get
        {
            var consumers = _consumers.Keys.Select(consumer => consumer.Health).OrderBy(consumer => consumer.Queue, StringComparer.Ordinal).ToList();
            var down = ((BrokerConnection[])[_consuming, .. _publishing]).FirstOrDefault(connection => !connection.IsOpen);
            var blocked = _publishing.Select(connection => connection.BlockedReason).FirstOrDefault(reason => reason is not null);
            var silent = consumers.FirstOrDefault(consumer => !consumer.Consuming);
            var (status, description) =
                down is not null ? (BusStatus.Unhealthy, $"Not connected{(down.LastError is { } error ? $": {ConnectionErrors.Reason(error)}" : " yet")}.")
                : blocked is not null ? (BusStatus.Degraded, $"The broker blocks publishers: {blocked}.")
                : silent is not null ? (BusStatus.Degraded, $"The consumer of {silent.Queue} is not served{(silent.LastError is { } why ? $": {why}" : "")}.")
                : (BusStatus.Healthy, $"Connected, {consumers.Count} consumers.");
            return new BusHealth(status, _consuming.Address.ToString(), description, consumers);
        }
    }

    /// <summary>Connects to a broker.</summary>
    /// <param name="url"><inheritdoc cref="MessagingOptions.Url" path="/summary"/></param>
    /// <param name="configure">Changes the settings; the url is set already.</param>
    /// <param name="loggers">Where to log. The default is nowhere.</param>
    /// <param name="cancellationToken">Stops trying.</param>
    /// <exception cref="ConnectionFailedException">No host could be reached in <see cref="MessagingOptions.ConnectAttempts"/> tries, with 1, 2, 4 and 8 seconds between them.</exception>
    /// <exception cref="ArgumentException">The url cannot be read, or a setting is out of range.</exception>
    public static async Task<MessageBus> ConnectAsync(
        string url, Action<MessagingOptions>? configure = null, ILoggerFactory? loggers = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        var options = new MessagingOptions { Url = url };
        configure?.Invoke(options);
        var address = BrokerAddress.Parse(options.Url ?? url);
        address.ApplyTo(options);
        if (new MessagingSettings(null, null).Validate(options) is { Count: > 0 } errors)
            throw new ArgumentException(string.Join(' ', errors), nameof(configure));
        var bus = new MessageBus(options, address, loggers ?? NullLoggerFactory.Instance, TimeProvider.System);
        try
        {
            await bus._publishing[0].ConnectAsync(options.ConnectAttempts, cancellationToken).ConfigureAwait(false);
            bus.Start();
            // The other connections go the way the first one found; waiting for them makes a healthy bus of the result.
            foreach (var connection in (BrokerConnection[])[bus._consuming, .. bus._publishing])
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return bus;
        }
        catch
        {
            await bus.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The connection that consumes, for a loop that settles by rules of its own.</summary>
    internal BrokerConnection ConsumingConnection => _consuming;

    /// <summary>Declares what such a loop consumes.</summary>
    internal TopologyDeclarer Declarer => _declarer;

    /// <summary>Reads the bodies of its deliveries.</summary>
    internal ContentPipeline Content => _content;

    /// <summary>The settings, read-only.</summary>
    internal MessagingOptions Options => _options;

    /// <summary>Whether the broker has said that it blocks publishers now.</summary>
    internal bool IsBlocked => _publishing.Any(connection => connection.BlockedReason is not null);

    /// <summary>Begins to connect in the background. Throws nothing; does nothing the second time.</summary>
    internal void Start()
    {
        _consuming.Start();
        foreach (var connection in _publishing)
            connection.Start();
        _publisher.Start();
    }

    /// <inheritdoc />
    public Task DeclareAsync(TopologyDefinition topology, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(topology);
        return _declarer.DeclareAsync(topology, cancellationToken);
    }

    /// <summary>
    /// Stops the consumers, which wait for their running handlers; waits for outstanding confirms; closes the connections. Each step
    /// takes at most <see cref="MessagingOptions.ShutdownTimeout"/>. A second call waits for the first.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
            return new ValueTask(_disposal ??= StopAsync());
    }

    private async Task StopAsync()
    {
        await Task.WhenAll(_consumers.Keys.Select(consumer => consumer.DisposeAsync().AsTask())).ConfigureAwait(false);
        await _publisher.DrainAsync(_options.ShutdownTimeout).ConfigureAwait(false);
        await _requester.DisposeAsync().ConfigureAwait(false);
        await _replier.DisposeAsync().ConfigureAwait(false);
        await _publisher.DisposeAsync().ConfigureAwait(false);
        await _consuming.DisposeAsync().ConfigureAwait(false);
        foreach (var connection in _publishing)
            await connection.DisposeAsync().ConfigureAwait(false);
    }
}
