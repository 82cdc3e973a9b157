using System.Security.Cryptography;

namespace Warren.Broker.Connections;

/// <summary>Who waits for replies without a queue: the consumers of <c>amq.rabbitmq.reply-to</c>, by the name a responder replies to.</summary>
/// <remarks>Used under the lock of its virtual host. A reply to one who is gone goes nowhere, as in RabbitMQ.</remarks>
internal sealed class DirectReplies
{
    /// <summary>What a requester consumes and gives as its reply-to.</summary>
    public const string QueueName = "amq.rabbitmq.reply-to";

    private const string Prefix = QueueName + ".";

    private readonly Dictionary<string, AmqpChannel> _channels = new(StringComparer.Ordinal);

    /// <summary>True for the name itself and for the names of those who wait.</summary>
    public static bool IsReplyName(string name) => name.StartsWith(QueueName, StringComparison.Ordinal) && (name.Length == QueueName.Length || name.StartsWith(Prefix, StringComparison.Ordinal));

    /// <summary>Gives a channel the name replies to it are sent to; nobody can guess it.</summary>
    public string Add(AmqpChannel channel)
    {
        var name = Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _channels.Add(name, channel);
        return name;
    }

    /// <summary>Forgets a name.</summary>
    public void Remove(string name) => _channels.Remove(name);

    /// <summary>The channel that waits under a name, or null.</summary>
    public AmqpChannel? Find(string name) => _channels.GetValueOrDefault(name);
}
