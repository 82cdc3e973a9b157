using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Hosting;

/// <summary>
/// Registers what starts with the host on one bus. Consumers start when the broker is reachable, never hold up or fail the start of the
/// application, and stop with it. Handler classes, and delegates that take an <see cref="IServiceProvider"/>, get a scope per message.
/// </summary>
public sealed class MessagingBuilder
{
    private readonly MessagingRegistration _registration;

    internal MessagingBuilder(IServiceCollection services, MessagingRegistration registration)
    {
        Services = services;
        _registration = registration;
    }

    /// <summary>The services of the application.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Declares exchanges, queues and bindings before the consumers start; they wait until it has succeeded.</summary>
    public MessagingBuilder Declare(TopologyDefinition topology)
    {
        ArgumentNullException.ThrowIfNull(topology);
        _registration.Topologies.Add(topology);
        return this;
    }

    /// <summary>Handles the events of a queue that is bound to an exchange with a handler class, registered as scoped unless it already is.</summary>
    /// <inheritdoc cref="IMessageBus.SubscribeAsync" path="/param"/>
    public MessagingBuilder Subscribe<T, THandler>(string queue, string exchange, string bindingKey, SubscribeOptions? options = null)
        where THandler : class, IMessageHandler<T>
    {
        Services.TryAddScoped<THandler>();
        return Subscribe<T>(queue, exchange, bindingKey, Handle<T, THandler>, options);
    }

    /// <summary>Handles the events of a queue that is bound to an exchange.</summary>
    /// <inheritdoc cref="IMessageBus.SubscribeAsync" path="/param"/>
    public MessagingBuilder Subscribe<T>(
        string queue, string exchange, string bindingKey, Func<T, CancellationToken, Task> handler, SubscribeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Subscribe<T>(queue, exchange, bindingKey, (message, _, token) => handler(message, token), options);
    }

    /// <summary>Handles the events of a queue that is bound to an exchange, with their context.</summary>
    /// <inheritdoc cref="IMessageBus.SubscribeAsync" path="/param"/>
    public MessagingBuilder Subscribe<T>(
        string queue, string exchange, string bindingKey, Func<T, MessageContext, CancellationToken, Task> handler, SubscribeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(queue, (bus, _, token) => bus.SubscribeAsync(queue, exchange, bindingKey, handler, options, token));
    }

    /// <summary>Handles the events of a queue that is bound to an exchange, with their context and the services of a scope of their own.</summary>
    /// <inheritdoc cref="IMessageBus.SubscribeAsync" path="/param"/>
    public MessagingBuilder Subscribe<T>(
        string queue, string exchange, string bindingKey, Func<T, MessageContext, IServiceProvider, CancellationToken, Task> handler,
        SubscribeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(queue, (bus, services, token) => bus.SubscribeAsync(queue, exchange, bindingKey, InScope(services, handler), options, token));
    }

    /// <summary>Handles the messages of a work queue with a handler class, registered as scoped unless it already is.</summary>
    /// <inheritdoc cref="IMessageBus.ReceiveAsync" path="/param"/>
    public MessagingBuilder Receive<T, THandler>(string queue, ReceiveOptions? options = null)
        where THandler : class, IMessageHandler<T>
    {
        Services.TryAddScoped<THandler>();
        return Receive<T>(queue, Handle<T, THandler>, options);
    }

    /// <summary>Handles the messages of a work queue.</summary>
    /// <inheritdoc cref="IMessageBus.ReceiveAsync" path="/param"/>
    public MessagingBuilder Receive<T>(string queue, Func<T, CancellationToken, Task> handler, ReceiveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Receive<T>(queue, (message, _, token) => handler(message, token), options);
    }

    /// <summary>Handles the messages of a work queue, with their context.</summary>
    /// <inheritdoc cref="IMessageBus.ReceiveAsync" path="/param"/>
    public MessagingBuilder Receive<T>(string queue, Func<T, MessageContext, CancellationToken, Task> handler, ReceiveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(queue, (bus, _, token) => bus.ReceiveAsync(queue, handler, options, token));
    }

    /// <summary>Handles the messages of a work queue, with their context and the services of a scope of their own.</summary>
    /// <inheritdoc cref="IMessageBus.ReceiveAsync" path="/param"/>
    public MessagingBuilder Receive<T>(
        string queue, Func<T, MessageContext, IServiceProvider, CancellationToken, Task> handler, ReceiveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(queue, (bus, services, token) => bus.ReceiveAsync(queue, InScope(services, handler), options, token));
    }

    /// <summary>Answers requests on a queue with a handler class, registered as scoped unless it already is.</summary>
    /// <inheritdoc cref="IMessageBus.RespondAsync" path="/param"/>
    public MessagingBuilder Respond<TRequest, TResponse, THandler>(string queue, RespondOptions? options = null)
        where THandler : class, IRequestHandler<TRequest, TResponse>
    {
        Services.TryAddScoped<THandler>();
        return Respond<TRequest, TResponse>(
            queue,
            (request, context, services, token) => services.GetRequiredService<THandler>().HandleAsync(request, context, token),
            options);
    }

    /// <summary>Answers requests on a queue.</summary>
    /// <inheritdoc cref="IMessageBus.RespondAsync" path="/param"/>
    public MessagingBuilder Respond<TRequest, TResponse>(
        string queue, Func<TRequest, CancellationToken, Task<TResponse>> handler, RespondOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Respond<TRequest, TResponse>(queue, (request, _, token) => handler(request, token), options);
    }

    /// <summary>Answers requests on a queue, with their context.</summary>
    /// <inheritdoc cref="IMessageBus.RespondAsync" path="/param"/>
    public MessagingBuilder Respond<TRequest, TResponse>(
        string queue, Func<TRequest, MessageContext, CancellationToken, Task<TResponse>> handler, RespondOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(queue, (bus, _, token) => bus.RespondAsync(queue, handler, options, token));
    }

    /// <summary>Answers requests on a queue, with their context and the services of a scope of their own.</summary>
    /// <inheritdoc cref="IMessageBus.RespondAsync" path="/param"/>
    public MessagingBuilder Respond<TRequest, TResponse>(
        string queue, Func<TRequest, MessageContext, IServiceProvider, CancellationToken, Task<TResponse>> handler, RespondOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(queue, (bus, services, token) => bus.RespondAsync<TRequest, TResponse>(
            queue,
            async (request, context, stop) =>
            {
                var scope = services.CreateAsyncScope();
                await using (scope.ConfigureAwait(false))
                    return await handler(request, context, scope.ServiceProvider, stop).ConfigureAwait(false);
            },
            options,
            token));
    }

    private static Task Handle<T, THandler>(T message, MessageContext context, IServiceProvider services, CancellationToken cancellationToken)
        where THandler : class, IMessageHandler<T> =>
        services.GetRequiredService<THandler>().HandleAsync(message, context, cancellationToken);

    private static Func<T, MessageContext, CancellationToken, Task> InScope<T>(
        IServiceProvider services, Func<T, MessageContext, IServiceProvider, CancellationToken, Task> handler) =>
        async (message, context, token) =>
        {
            var scope = services.CreateAsyncScope();
            await using (scope.ConfigureAwait(false))
                await handler(message, context, scope.ServiceProvider, token).ConfigureAwait(false);
        };

    private MessagingBuilder Add(string queue, Func<IMessageBus, IServiceProvider, CancellationToken, Task<Subscription>> start)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        _registration.Consumers.Add(new HostedConsumer(queue, start));
        return this;
    }
}
