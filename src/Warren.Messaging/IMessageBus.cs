using Warren.Messaging.Retries;
using Warren.Messaging.Topology;

namespace Warren.Messaging;

/// <summary>
/// Six verbs over AMQP 0-9-1: publish and subscribe (events), request and respond (RPC), send and receive (work queues),
/// and live reading of events. All members may be used from many threads at once.
/// </summary>
/// <remarks>Shorter handlers, without a <see cref="MessageContext"/>, are in <see cref="MessageBusExtensions"/>.</remarks>
public interface IMessageBus : IAsyncDisposable
{
    /// <summary>Queues of the broker: declare, look, purge, delete.</summary>
    /// <exception cref="MessagingDisabledException">Messaging is switched off.</exception>
    QueueAdmin Queues { get; }

    /// <summary>Messages that were given up: list, read, replay, purge.</summary>
    /// <exception cref="MessagingDisabledException">Messaging is switched off.</exception>
    DeadLetters DeadLetters { get; }

    /// <summary>What the bus knows of its connections and consumers now.</summary>
    BusHealth Health { get; }

    /// <summary>Publishes an event; the task ends when the broker has confirmed it.</summary>
    /// <param name="exchange">An exchange. If it does not exist it is declared as a durable topic exchange.</param>
    /// <param name="routingKey">At most 255 bytes of UTF-8.</param>
    /// <param name="message">The event. Bytes (<c>byte[]</c>, <c>ReadOnlyMemory&lt;byte&gt;</c>) are sent as they are.</param>
    /// <param name="options">Properties of the message; without them the message is persistent and not mandatory.</param>
    /// <param name="cancellationToken">Stops waiting; the message may already have been sent.</param>
    /// <returns>The message id, or null if messaging is switched off.</returns>
    /// <exception cref="PublishFailedException">The message was not confirmed; <see cref="PublishFailedException.Reason"/> says why.</exception>
    Task<string?> PublishAsync<T>(
        string exchange, string routingKey, T message, PublishOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Publishes many events with as many in flight as the window allows; ends when each is confirmed or has failed.</summary>
    /// <returns>The message ids in order; empty if messaging is switched off.</returns>
    /// <exception cref="BatchPublishFailedException">At least one message was not confirmed; the others were.</exception>
    Task<IReadOnlyList<string>> PublishBatchAsync<T>(
        string exchange, string routingKey, IEnumerable<T> messages, PublishOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Handles the events of a queue that is bound to an exchange. Declares both if they do not exist.</summary>
    /// <param name="queue">The queue: consumers of the same queue share its messages, each queue gets its own copy.</param>
    /// <param name="exchange">The exchange to bind to.</param>
    /// <param name="bindingKey">A routing key; in a topic exchange <c>*</c> stands for one word and <c>#</c> for any number.</param>
    /// <param name="handler">Its end acknowledges the message; what it throws sends the message to the retry ladder.</param>
    /// <param name="options">Concurrency, prefetch, retries, kind of queue.</param>
    /// <param name="cancellationToken">Stops waiting for the consumer to start; dispose the result to stop consuming.</param>
    /// <returns>When the broker has accepted the consumer. The subscription then outlives connection loss until it is disposed.</returns>
    /// <exception cref="QueueOperationException">The queue or exchange exists with other properties, or access is refused.</exception>
    Task<Subscription> SubscribeAsync<T>(
        string queue, string exchange, string bindingKey, Func<T, MessageContext, CancellationToken, Task> handler,
        SubscribeOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads events live through an exclusive queue of its own, which ends with the enumeration. Only events published while reading
    /// are seen; those published during a reconnect are missed.
    /// </summary>
    /// <param name="exchange">The exchange to bind to; declared as a durable topic exchange if it does not exist.</param>
    /// <param name="bindingKey">The pattern to bind with. Refuse <c>. * #</c> in what a stranger may put into it.</param>
    /// <param name="options">The buffer between broker and reader, and what happens when the reader is slower.</param>
    /// <param name="cancellationToken">Ends the enumeration with <see cref="OperationCanceledException"/>.</param>
    IAsyncEnumerable<T> ReadAsync<T>(
        string exchange, string bindingKey, ReadOptions? options, CancellationToken cancellationToken = default);

    /// <summary>Answers requests on a queue. Declares the queue if it does not exist.</summary>
    /// <param name="queue">The queue requests are sent to.</param>
    /// <param name="handler">What it returns is the reply; what it throws reaches the caller as <see cref="RequestFailedException"/>.</param>
    /// <param name="options">Concurrency and kind of queue.</param>
    /// <param name="cancellationToken">Stops waiting for the consumer to start.</param>
    Task<Subscription> RespondAsync<TRequest, TResponse>(
        string queue, Func<TRequest, MessageContext, CancellationToken, Task<TResponse>> handler,
        RespondOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Sends a request and waits for its reply.</summary>
    /// <param name="queue">The queue a responder consumes.</param>
    /// <param name="request">The request.</param>
    /// <param name="timeout">How long to wait; the request also expires in its queue after this. The default is 30 seconds.</param>
    /// <param name="cancellationToken">Stops waiting; the responder may still handle the request.</param>
    /// <exception cref="RequestFailedException">No queue, no reply in time, a lost connection, or a failure at the other side.</exception>
    /// <exception cref="MessagingDisabledException">Messaging is switched off.</exception>
    Task<TResponse> RequestAsync<TRequest, TResponse>(
        string queue, TRequest request, TimeSpan? timeout = null, CancellationToken cancellationToken = default);

    /// <summary>Sends a message to one queue through the default exchange, mandatory and confirmed.</summary>
    /// <param name="queue">A queue that exists; if it does not, the send fails with <see cref="PublishFailureReason.Unroutable"/>.</param>
    /// <inheritdoc cref="PublishAsync"/>
    Task<string?> SendAsync<T>(string queue, T message, PublishOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Sends many messages to one queue with as many in flight as the window allows.</summary>
    /// <inheritdoc cref="PublishBatchAsync"/>
    Task<IReadOnlyList<string>> SendBatchAsync<T>(
        string queue, IEnumerable<T> messages, PublishOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Handles the messages of a work queue. Declares the queue if it does not exist.</summary>
    /// <inheritdoc cref="SubscribeAsync"/>
    Task<Subscription> ReceiveAsync<T>(
        string queue, Func<T, MessageContext, CancellationToken, Task> handler,
        ReceiveOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Declares exchanges, queues and bindings; what exists with other properties is an error that names both.</summary>
    /// <exception cref="QueueOperationException">Something exists with other properties, or access is refused.</exception>
    Task DeclareAsync(TopologyDefinition topology, CancellationToken cancellationToken = default);
}
