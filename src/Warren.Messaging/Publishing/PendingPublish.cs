using RabbitMQ.Client;
using Warren.Messaging.Content;

namespace Warren.Messaging.Publishing;

/// <summary>
/// A message on its way to its confirm. Instances, with their buffer and properties, are used again once the broker has answered, so
/// a publish allocates little more than its task and its message id.
/// </summary>
internal sealed class PendingPublish
{
    private readonly BasicProperties _ownProperties = new();
    private readonly Dictionary<string, object?> _ownHeaders = [];

    private TaskCompletionSource<string?> _completion = null!;
    private CancellationTokenRegistration _cancellation;

    public PendingPublish()
    {
        Properties = _ownProperties;
        Node = new LinkedListNode<PendingPublish>(this);
    }

    /// <summary>Its place in the publisher's queues; made once, so that queueing allocates nothing.</summary>
    public LinkedListNode<PendingPublish> Node { get; }

    public string Exchange { get; private set; } = "";

    public string RoutingKey { get; private set; } = "";

    public bool Mandatory { get; private set; }

    /// <summary>The body in wire form; sent again after a reconnect.</summary>
    public PooledBuffer Body { get; } = new();

    public BasicProperties Properties { get; private set; }

    /// <summary>The timestamp (of the bus's clock) at which waiting ends.</summary>
    public long Deadline { get; private set; }

    /// <summary>Whether it was handed to a channel at least once.</summary>
    public bool Sent { get; set; }

    /// <summary>What the broker said when it returned the mandatory message, or null.</summary>
    public string? ReturnReason { get; set; }

    /// <summary>Whether its exchange was declared again after the broker did not know it.</summary>
    public bool ExchangeRepaired { get; set; }

    /// <summary>How often the connection was closed by the broker while this was the only message in flight.</summary>
    public int Strikes { get; set; }

    /// <summary>Whether its caller has an answer already: a timeout or a cancellation came before the broker's.</summary>
    public bool IsAnswered => _completion.Task.IsCompleted;

    public string? MessageId => Properties.MessageId;

    /// <summary>Ends with the message id when the broker has confirmed, or with the reason why not.</summary>
    public Task<string?> Task => _completion.Task;

    /// <summary>Makes it ready for a new message, with properties that are cleared and headers that are empty.</summary>
    public void Begin(string exchange, string routingKey, bool mandatory, long deadline, BasicProperties? properties = null)
    {
        Exchange = exchange;
        RoutingKey = routingKey;
        Mandatory = mandatory;
        Deadline = deadline;
        Sent = false;
        ReturnReason = null;
        ExchangeRepaired = false;
        Strikes = 0;
        Body.Clear();
        _cancellation.Dispose();
        _cancellation = default;
        _completion = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (properties is not null)
        {
            Properties = properties;
            return;
        }
        Properties = _ownProperties;
        Clear(_ownProperties);
        _ownHeaders.Clear();
        // The client would make a dictionary for each message that has none.
        _ownProperties.Headers = _ownHeaders;
    }

    /// <summary>Lets the caller's token end the wait; the message itself may still be sent.</summary>
    public void CancelWith(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(
                static (state, token) => ((TaskCompletionSource<string?>)state!).TrySetCanceled(token), _completion);
        }
    }

    /// <summary>What its caller has to be told if the deadline has passed. Outlives the message, which may be another one meanwhile.</summary>
    public LatePublish ToLate() => new(_completion, Exchange, RoutingKey, MessageId, Sent);

    /// <summary>Gives the caller the message id; false if it has another answer already.</summary>
    public bool Succeed()
    {
        _cancellation.Dispose();
        return _completion.TrySetResult(Properties.MessageId);
    }

    /// <summary>Gives the caller an error; false if it has another answer already.</summary>
    public bool Fail(Exception error)
    {
        _cancellation.Dispose();
        return _completion.TrySetException(error);
    }

    private static void Clear(BasicProperties properties)
    {
        properties.AppId = null;
        properties.ContentEncoding = null;
        properties.ContentType = null;
        properties.CorrelationId = null;
        properties.Expiration = null;
        properties.MessageId = null;
        properties.ReplyTo = null;
        properties.Type = null;
        properties.UserId = null;
        properties.ClearPriority();
        properties.ClearTimestamp();
        properties.ClearDeliveryMode();
    }
}

/// <summary>A message whose deadline has passed without an answer.</summary>
/// <param name="Completion">What its caller waits for.</param>
/// <param name="Exchange">Where it was to go.</param>
/// <param name="RoutingKey">Its routing key.</param>
/// <param name="MessageId">Its id.</param>
/// <param name="Sent">Whether it was handed to a channel at least once.</param>
internal readonly record struct LatePublish(TaskCompletionSource<string?> Completion, string Exchange, string RoutingKey, string? MessageId, bool Sent);
