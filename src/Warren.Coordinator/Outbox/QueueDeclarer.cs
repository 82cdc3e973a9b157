using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Warren.Jobs.Contracts;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.Messaging.Topology;

namespace Warren.Coordinator.Outbox;

/// <summary>Declares the queues of jobs, of contracts and of the coordinator, those of jobs once as long as none is missed.</summary>
/// <param name="bus">The broker.</param>
/// <param name="outputs">Where messages of contracts have to arrive.</param>
/// <param name="logger">Where to log.</param>
internal sealed partial class QueueDeclarer(IMessageBus bus, IReadOnlyList<JobQueue> outputs, ILogger logger)
{
    private readonly ConcurrentDictionary<string, Task> _declared = new(StringComparer.Ordinal);

    /// <summary>Declares the queue of a kind or lane, with the queue for its dead letters.</summary>
    public async Task DeclareJobQueueAsync(string queue, CancellationToken cancellationToken)
    {
        var declared = _declared.GetOrAdd(queue, name => bus.DeclareAsync(new TopologyDefinition { Queues = [new(name)] }, CancellationToken.None));
        try
        {
            await declared.WaitAsync(cancellationToken);
        }
        catch (MessagingException)
        {
            Forget(queue);
            throw;
        }
    }

    /// <summary>Where a message of a contract has to arrive; null if it need not.</summary>
    public JobQueue? FindOutput(string exchange, string routingKey) =>
        outputs.FirstOrDefault(output => output.Exchange == exchange && (output.RoutingKey ?? output.Name) == routingKey);

    /// <summary>
    /// Declares a queue of a contract with its exchange and its binding. They are the outside system's: what it has declared, with arguments
    /// of its own perhaps, is used as it is.
    /// </summary>
    public async Task DeclareContractQueueAsync(JobQueue queue, CancellationToken cancellationToken)
    {
        if (!await bus.Queues.ExistsAsync(queue.Name, cancellationToken))
            await bus.DeclareAsync(new TopologyDefinition { Queues = [new(queue.Name) { Type = QueueType.Classic }] }, cancellationToken);
        if (queue.Exchange.Length == 0)
            return;
        try
        {
            await bus.DeclareAsync(new TopologyDefinition { Exchanges = [new(queue.Exchange) { Kind = ExchangeKind.Direct }] }, cancellationToken);
        }
        catch (QueueOperationException other) when (other.Reason == QueueFailureReason.PreconditionFailed)
        {
            // It is there, of another type or not durable, and what is bound to it with this key is reached all the same.
            Log.OtherExchange(logger, queue.Exchange, other.Message);
        }
        await bus.DeclareAsync(
            new TopologyDefinition { Bindings = [new(queue.Exchange, queue.Name, queue.RoutingKey ?? queue.Name)] }, cancellationToken);
    }

    /// <summary>Declares what clients and workers publish to.</summary>
    public Task DeclareOwnAsync(CancellationToken cancellationToken) => bus.DeclareAsync(
        new TopologyDefinition
        {
            Exchanges = [new(WireNames.EventExchange), new(WireNames.ControlExchange)],
            Queues =
            [
                new(WireNames.SubmitQueue), new(WireNames.FoldQueue),
                new(WireNames.RequestQueue) { Type = QueueType.Classic }, new(WireNames.ClaimQueue) { Type = QueueType.Classic },
            ],
        },
        cancellationToken);

    /// <summary>Declares a queue anew the next time: it may be gone.</summary>
    public void Forget(string queue) => _declared.TryRemove(queue, out _);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Exchange {Exchange} is not as its contract has it, and is used as it is: {Difference}")]
        public static partial void OtherExchange(ILogger logger, string exchange, string difference);
    }
}
