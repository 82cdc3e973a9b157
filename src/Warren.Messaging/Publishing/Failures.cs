using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Publishing;

/// <summary>The errors of publishing, each naming what was sent where, what happened, and what to look at.</summary>
internal static class Failures
{
    public static string Destination(PendingPublish message) => Destination(message.Exchange, message.RoutingKey);

    public static string Destination(string exchange, string routingKey) =>
        exchange.Length == 0 ? $"queue \"{routingKey}\"" : $"exchange \"{exchange}\" with routing key \"{routingKey}\"";

    public static PublishFailedException Unroutable(BrokerConnection connection, PendingPublish message, string reason) => new(
        message.Exchange.Length == 0
            ? $"There is no queue \"{message.RoutingKey}\" at {connection.Address} ({reason}). Declare it, or start its consumer first."
            : $"No queue is bound to {Destination(message)} at {connection.Address} ({reason}), and the message is mandatory.",
        PublishFailureReason.Unroutable, message.MessageId);

    public static PublishFailedException Nacked(BrokerConnection connection, PendingPublish message) => new(
        $"{connection.Address} refused the message to {Destination(message)}: a queue is full (x-max-length or x-max-length-bytes with reject-publish) or could not store it.",
        PublishFailureReason.Nacked, message.MessageId);

    public static PublishFailedException Refused(BrokerConnection connection, PendingPublish message, ShutdownEventArgs reason, Exception? inner = null)
    {
        // RabbitMQ answers a body over its max_message_size with 406 and this text.
        var tooLarge = reason.ReplyCode == Constants.ContentTooLarge || reason.ReplyText.Contains("larger than", StringComparison.Ordinal);
        return new PublishFailedException(
            $"{connection.Address} refused the message to {Destination(message)}: {reason.ReplyCode} {reason.ReplyText}",
            tooLarge ? PublishFailureReason.TooLarge : PublishFailureReason.Refused, message.MessageId, inner);
    }

    public static PublishFailedException TooLarge(string exchange, string routingKey, int size, int limit, string? messageId) => new(
        $"The message to {Destination(exchange, routingKey)} has {size:N0} bytes; Warren:Messaging:MaxMessageBytes allows {limit:N0}.",
        PublishFailureReason.TooLarge, messageId);

    public static PublishFailedException Invalid(PendingPublish message, Exception error) => new(
        $"The message to {Destination(message)} cannot be put on the wire: {error.Message}", PublishFailureReason.Invalid, message.MessageId, error);

    public static PublishFailedException Invalid(string exchange, string routingKey, string problem, string? messageId, Exception? error = null) => new(
        $"The message to {Destination(exchange, routingKey)} cannot be sent: {problem}", PublishFailureReason.Invalid, messageId, error);

    public static PublishFailedException Disposed(PendingPublish message) => new(
        $"The bus was disposed before the message to {Destination(message)} was confirmed.", PublishFailureReason.Disposed, message.MessageId);

    /// <summary>Why there was no confirm in time: blocked, not connected, or just no answer.</summary>
    public static PublishFailedException Late(ConfirmedPublisher publisher, string destination, string? messageId, bool sent)
    {
        var address = publisher.Connection.Address;
        var known = sent ? "It was sent; the broker may have it." : "It was not sent.";
        if (publisher.Connection.BlockedReason is { } blocked)
        {
            return new PublishFailedException(
                $"{address} blocks publishers ({blocked}), so the message to {destination} could not be confirmed in time. {known} Free memory or disk there.",
                PublishFailureReason.Blocked, messageId);
        }
        if (!publisher.IsOpen)
        {
            var last = publisher.Connection.LastError is { } error ? $" Last error: {ConnectionErrors.Reason(error)}." : "";
            return new PublishFailedException(
                $"There is no connection to {address}, so the message to {destination} could not be confirmed in time. {known}{last}",
                PublishFailureReason.NotConnected, messageId);
        }
        return new PublishFailedException(
            $"{address} did not confirm the message to {destination} in time (Warren:Messaging:PublishTimeout, or the timeout of the call). {known}",
            PublishFailureReason.TimedOut, messageId);
    }
}
