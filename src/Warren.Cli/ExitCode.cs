using Warren.Messaging;
using Warren.Messaging.Connections;

namespace Warren.Cli;

/// <summary>What the program's exit codes mean.</summary>
internal static class ExitCode
{
    /// <summary>It did what was asked.</summary>
    public const int Ok = 0;

    /// <summary>It was possible and failed: a check, or a message that was not confirmed.</summary>
    public const int Failed = 1;

    /// <summary>The arguments or settings are wrong.</summary>
    public const int Usage = 2;

    /// <summary>A broker cannot be reached, or cannot be started.</summary>
    public const int Unreachable = 3;

    /// <summary>The broker was there and refused.</summary>
    public const int Refused = 4;

    /// <summary>The exit code that tells of an error of messaging.</summary>
    public static int Of(MessagingException error) => error switch
    {
        ConnectionFailedException { InnerException: { } cause } when ConnectionErrors.IsRefusal(cause) => Refused,
        ConnectionFailedException or PublishFailedException { Reason: PublishFailureReason.NotConnected } => Unreachable,
        PublishFailedException { Reason: PublishFailureReason.Refused } => Refused,
        QueueOperationException { Reason: QueueFailureReason.AccessRefused or QueueFailureReason.Locked } => Refused,
        _ => Failed,
    };
}

/// <summary>The user's arguments or settings are wrong; the message says in one sentence what was found and what was expected.</summary>
internal class UsageException(string message) : Exception(message);

/// <summary>A command needs a broker and none is named.</summary>
internal sealed class NoBrokerException(string message) : UsageException(message);
