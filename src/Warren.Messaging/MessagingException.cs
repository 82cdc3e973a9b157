namespace Warren.Messaging;

/// <summary>The root of all errors of messaging.</summary>
public class MessagingException : Exception
{
    /// <summary>Makes an error that says what was found and what was expected.</summary>
    public MessagingException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}

/// <summary>No broker could be reached, or it refused the connection. Names host, virtual host and the setting to look at.</summary>
public sealed class ConnectionFailedException : MessagingException
{
    internal ConnectionFailedException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}

/// <summary>Messaging is switched off by configuration, and what was asked for needs a broker.</summary>
public sealed class MessagingDisabledException : MessagingException
{
    internal MessagingDisabledException(string message) : base(message)
    {
    }
}

/// <summary>A queue or exchange operation failed: missing, refused, or declared differently.</summary>
public sealed class QueueOperationException : MessagingException
{
    internal QueueOperationException(string message, QueueFailureReason reason, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>Why it failed.</summary>
    public QueueFailureReason Reason { get; }
}

/// <summary>Why a queue or exchange operation failed.</summary>
public enum QueueFailureReason
{
    /// <summary>It does not exist (AMQP 404).</summary>
    NotFound,

    /// <summary>The user may not do this (AMQP 403).</summary>
    AccessRefused,

    /// <summary>It exists with other properties, is in use, or is not empty (AMQP 406).</summary>
    PreconditionFailed,

    /// <summary>Another connection holds it exclusively (AMQP 405).</summary>
    Locked,

    /// <summary>Something else; the message says what.</summary>
    Other,
}

/// <summary>A message was not confirmed by the broker.</summary>
public class PublishFailedException : MessagingException
{
    internal PublishFailedException(string message, PublishFailureReason reason, string? messageId, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
        MessageId = messageId;
    }

    /// <summary>Why it failed.</summary>
    public PublishFailureReason Reason { get; }

    /// <summary>The id the message had. Publishing again with it lets a receiver see the double.</summary>
    public string? MessageId { get; }
}

/// <summary>Why a message was not confirmed.</summary>
public enum PublishFailureReason
{
    /// <summary>It was mandatory and reached no queue.</summary>
    Unroutable,

    /// <summary>The broker refused to take responsibility: a full queue with reject-publish, or an internal error.</summary>
    Nacked,

    /// <summary>No confirm came before the deadline. The broker may or may not have the message.</summary>
    TimedOut,

    /// <summary>The broker blocked publishers (a memory or disk alarm) until the deadline. The error says whether the message was sent before.</summary>
    Blocked,

    /// <summary>There was no connection until the deadline. The broker may or may not have the message if it was sent before.</summary>
    NotConnected,

    /// <summary>The body is larger than <see cref="MessagingOptions.MaxMessageBytes"/> or than the broker takes.</summary>
    TooLarge,

    /// <summary>The broker closed the channel over this message: no such exchange, access refused, or a bad property.</summary>
    Refused,

    /// <summary>The message cannot be put on the wire: a value that AMQP has no type for, or a name over 255 bytes.</summary>
    Invalid,

    /// <summary>The bus was disposed before the confirm.</summary>
    Disposed,
}

/// <summary>Some messages of a batch were not confirmed.</summary>
public sealed class BatchPublishFailedException : PublishFailedException
{
    internal BatchPublishFailedException(string message, IReadOnlyDictionary<int, PublishFailedException> failures, PublishFailedException first)
        : base(message, first.Reason, first.MessageId, first) => Failures = failures;

    /// <summary>The failures by position in the batch. All other messages are confirmed.</summary>
    public IReadOnlyDictionary<int, PublishFailedException> Failures { get; }
}

/// <summary>A request got no reply, or a reply that says it failed.</summary>
public sealed class RequestFailedException : MessagingException
{
    internal RequestFailedException(string message, RequestFailureReason reason, string? remoteErrorType = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
        RemoteErrorType = remoteErrorType;
    }

    /// <summary>Why it failed.</summary>
    public RequestFailureReason Reason { get; }

    /// <summary>The type of the error at the responder, such as <c>System.InvalidOperationException</c>, if it was one.</summary>
    public string? RemoteErrorType { get; }
}

/// <summary>Why a request failed.</summary>
public enum RequestFailureReason
{
    /// <summary>No reply came in time.</summary>
    TimedOut,

    /// <summary>The queue does not exist.</summary>
    Unroutable,

    /// <summary>The connection was lost while waiting. The responder may have handled the request.</summary>
    ConnectionLost,

    /// <summary>The responder's handler threw, or could not read the request.</summary>
    RemoteError,

    /// <summary>The reply could not be read as the expected type.</summary>
    InvalidReply,

    /// <summary>The request could not be put on the wire, or the broker refused it.</summary>
    Refused,
}

/// <summary>Thrown by a handler to say that no retry will help: the message becomes a dead letter at once.</summary>
public sealed class RejectMessageException : MessagingException
{
    /// <summary>Rejects the message for the given reason, which the dead letter carries.</summary>
    public RejectMessageException(string reason, Exception? innerException = null) : base(reason, innerException)
    {
    }
}

/// <summary>A body could not be turned into bytes or back: unknown media type, wrong key, tampered, too large when decompressed, not valid.</summary>
public sealed class ContentException : MessagingException
{
    internal ContentException(string message, string reason, Exception? innerException = null) : base(message, innerException) => Reason = reason;

    /// <summary>
    /// A stable word for the dead letter: <c>undecodable</c>, <c>unknown_content_type</c>, <c>unknown_encoding</c>, <c>unknown_key</c>,
    /// <c>tampered</c>, <c>not_encrypted</c>, <c>too_large</c>.
    /// </summary>
    public string Reason { get; }
}
