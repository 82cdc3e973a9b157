namespace Warren.Messaging;

/// <summary>Handles messages of one type. With dependency injection each message gets a handler from a scope of its own.</summary>
/// <typeparam name="T">What the body is read as.</typeparam>
public interface IMessageHandler<in T>
{
    /// <summary>Handles one message. Ending acknowledges it; throwing sends it to the retry ladder.</summary>
    /// <param name="message">The body.</param>
    /// <param name="context">What came with it.</param>
    /// <param name="cancellationToken">Fires when the consumer is stopped and its shutdown time is over.</param>
    /// <exception cref="RejectMessageException">Thrown by a handler: no retry, the message becomes a dead letter at once.</exception>
    Task HandleAsync(T message, MessageContext context, CancellationToken cancellationToken);
}

/// <summary>Answers requests of one type. With dependency injection each request gets a handler from a scope of its own.</summary>
public interface IRequestHandler<in TRequest, TResponse>
{
    /// <summary>Answers one request; what it throws reaches the caller as <see cref="RequestFailedException"/>.</summary>
    Task<TResponse> HandleAsync(TRequest request, MessageContext context, CancellationToken cancellationToken);
}
