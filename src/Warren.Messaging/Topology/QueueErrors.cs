using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Topology;

/// <summary>Explains why the broker refused an operation on a queue or exchange.</summary>
internal static class QueueErrors
{
    /// <summary>Whether the broker closed the channel, or the connection, to refuse this operation, and not because something was lost.</summary>
    public static bool IsRefusal(OperationInterruptedException error) =>
        error is not AlreadyClosedException && error.ShutdownReason is { Initiator: ShutdownInitiator.Peer, ReplyCode: (>= 402 and <= 406) or 503 or 530 or 540 };

    /// <summary>Whether the broker failed over it: a queue that is just starting, or something it does not allow any more.</summary>
    public static bool IsInternalError(OperationInterruptedException error) =>
        error is not AlreadyClosedException && error.ShutdownReason is { Initiator: ShutdownInitiator.Peer, ReplyCode: Constants.InternalError };

    /// <summary>Whether it refused because the thing does not exist.</summary>
    public static bool IsMissing(OperationInterruptedException error) => error.ShutdownReason is { ReplyCode: Constants.NotFound };

    /// <summary>The error for a caller: what was asked, what the broker said, what to look at.</summary>
    public static QueueOperationException Explain(OperationInterruptedException error, string what, BrokerAddress address)
    {
        var reason = error.ShutdownReason!;
        var (kind, remedy) = reason.ReplyCode switch
        {
            Constants.NotFound => (QueueFailureReason.NotFound, "It does not exist; declare it, or check its name."),
            Constants.AccessRefused when reason.ReplyText.Contains("exclusive use", StringComparison.Ordinal) =>
                (QueueFailureReason.AccessRefused, "Another consumer has it, or this one wants it, exclusively."),
            Constants.AccessRefused => (QueueFailureReason.AccessRefused, $"The user {address.User} needs permission for it (rabbitmqctl set_permissions)."),
            Constants.ResourceLocked => (QueueFailureReason.Locked, "Another connection holds it exclusively."),
            Constants.PreconditionFailed when reason.ReplyText.EndsWith("in use", StringComparison.Ordinal) =>
                (QueueFailureReason.PreconditionFailed, "Stop its consumers first, or delete it without that condition."),
            Constants.PreconditionFailed when reason.ReplyText.EndsWith("not empty", StringComparison.Ordinal) =>
                (QueueFailureReason.PreconditionFailed, "Purge it first, or delete it without that condition."),
            Constants.PreconditionFailed => (QueueFailureReason.PreconditionFailed,
                "It exists with other properties, named as \"current\" above; ask for those, or delete it first."),
            _ => (QueueFailureReason.Other, "The broker's log may say more."),
        };
        return new QueueOperationException($"Could not {what} at {address}: {reason.ReplyCode} {reason.ReplyText}. {remedy}", kind, error);
    }
}
