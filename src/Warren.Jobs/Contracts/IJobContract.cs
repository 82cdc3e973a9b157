using System.Diagnostics.CodeAnalysis;

namespace Warren.Jobs.Contracts;

/// <summary>
/// How an outside system names its queues and shapes its messages. Pure: it reads bytes and makes bytes, and does no input or output.
/// The engine knows no contract; the coordinator consumes the queues and publishes what <see cref="Encode"/> makes.
/// </summary>
public interface IJobContract
{
    /// <summary>The contract's name, stored with its jobs: a word that never changes.</summary>
    string Name { get; }

    /// <summary>The queues its jobs come by.</summary>
    IReadOnlyList<JobQueue> Queues { get; }

    /// <summary>
    /// Where its messages have to arrive: declared like <see cref="Queues"/>, and a message that reaches no queue there is kept and sent again
    /// until one does. The default is none: then an exchange without a queue takes what nobody listens to.
    /// </summary>
    IReadOnlyList<JobQueue> Outputs => [];

    /// <summary>Reads a job out of a message.</summary>
    /// <exception cref="BadMessageException">It is not one; the contract may answer it all the same.</exception>
    /// <exception cref="System.Text.Json.JsonException">The body is not the JSON that was expected.</exception>
    IncomingJob Decode(Delivery delivery);

    /// <summary>What the outside system is to be told of an event after the job was taken in; nothing for events that do not concern it.</summary>
    /// <param name="job">The job as it was decoded; its args are not kept in memory and may be empty.</param>
    /// <param name="happened">The event.</param>
    IEnumerable<Outgoing> Encode(IncomingJob job, JobEvent happened);

    /// <summary>What the outside system is told when a job that could be read is refused; null makes a dead letter of its message. The default is null.</summary>
    /// <param name="job">The job as it was decoded.</param>
    /// <param name="reason">Why it is refused.</param>
    Outgoing? Refuse(IncomingJob job, JobError reason) => null;
}

/// <summary>A queue of a contract, and how it is bound if it has to be declared.</summary>
/// <param name="Name">The queue; durable, declared without arguments if it does not exist.</param>
/// <param name="Exchange">The direct exchange it is bound to; empty for the default exchange.</param>
/// <param name="RoutingKey">The key it is bound with. The default is its own name.</param>
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "It is a queue, of AMQP.")]
public sealed record JobQueue(string Name, string Exchange = "", string? RoutingKey = null);

/// <summary>A message as it came.</summary>
/// <param name="Queue">The queue it came from.</param>
/// <param name="Body">Its bytes.</param>
/// <param name="MessageId">Its id, if the sender set one.</param>
/// <param name="CorrelationId">Its correlation id, if any.</param>
/// <param name="ReplyTo">Where a reply is expected, if anywhere.</param>
/// <param name="Headers">Its headers; text arrives as bytes.</param>
public sealed record Delivery(
    string Queue, ReadOnlyMemory<byte> Body, string? MessageId, string? CorrelationId, string? ReplyTo, IReadOnlyDictionary<string, object?> Headers);

/// <summary>A job as a contract read it.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="ExternalId">What the outside system calls it; unique within the contract and kind. At most 255 bytes.</param>
/// <param name="Args">The args in JSON.</param>
public sealed record IncomingJob(string Kind, string ExternalId, ReadOnlyMemory<byte> Args)
{
    /// <summary>What the contract needs to remember for its answers, as reply addresses; small.</summary>
    public IReadOnlyDictionary<string, string>? Notes { get; init; }
}

/// <summary>A message for an outside system; persistent JSON, published through the outbox.</summary>
/// <param name="Exchange">The exchange; empty for the default one, and then it is mandatory.</param>
/// <param name="RoutingKey">The routing key, or the queue.</param>
/// <param name="Body">The bytes.</param>
public sealed record Outgoing(string Exchange, string RoutingKey, ReadOnlyMemory<byte> Body)
{
    /// <summary>The media type. The default is <c>application/json</c>.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>The correlation id, if any.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Headers of text, if any.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }
}

/// <summary>A message is not a job of the contract.</summary>
/// <param name="reason">The word that its dead letter carries, as in <c>undecodable</c>.</param>
/// <param name="message">What was found, and what was expected.</param>
/// <param name="answer">What the outside system is told, where its format has room for it; then there is no dead letter.</param>
public sealed class BadMessageException(string reason, string message, Outgoing? answer = null) : Exception(message)
{
    /// <summary>The word that its dead letter carries.</summary>
    public string Reason { get; } = reason;

    /// <summary>What the outside system is told, if anything.</summary>
    public Outgoing? Answer { get; } = answer;
}
