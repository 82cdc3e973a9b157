using System.Collections.Concurrent;
using Warren.Jobs.Contracts;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.Messaging.Topology;

namespace Warren.Coordinator.Outbox;

/// <summary>Declares the queues of jobs, of contracts and of the coordinator, those of jobs once as long as none is missed.</summary>
/// <param name="bus">The broker.</param>
/// <param name="outputs">Where messages of contracts have to arrive.</param>
internal sealed class QueueDeclarer(IMessageBus bus, IReadOnlyList<JobQueue> outputs)
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

    /// <summary>Declares a queue of a contract with its exchange and its binding; what is there already stays as it is.</summary>
    public Task DeclareContractQueueAsync(JobQueue queue, CancellationToken cancellationToken) => bus.DeclareAsync(
        new TopologyDefinition
        {
            Exchanges = queue.Exchange.Length == 0 ? [] : [new(queue.Exchange) { Kind = ExchangeKind.Direct }],
            Queues = [new(queue.Name) { Type = QueueType.Classic }],
            Bindings = queue.Exchange.Length == 0 ? [] : [new(queue.Exchange, queue.Name, queue.RoutingKey ?? queue.Name)],
        },
        cancellationToken);

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
}
