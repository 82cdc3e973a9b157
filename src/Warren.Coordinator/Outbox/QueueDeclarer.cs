using System.Collections.Concurrent;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.Messaging.Topology;

namespace Warren.Coordinator.Outbox;

/// <summary>Declares the queues of jobs and of the coordinator, each once as long as it is not missed.</summary>
internal sealed class QueueDeclarer(IMessageBus bus)
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
