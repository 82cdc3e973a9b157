using System.Text.Json;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Contracts;

namespace Warren.Coordinator.Moves;

/// <summary>The contracts that are spoken here, and what they make of events.</summary>
/// <param name="contracts">The contracts; their names differ.</param>
internal sealed class ContractCatalog(IEnumerable<IJobContract> contracts)
{
    private readonly Dictionary<string, IJobContract> _contracts = contracts.ToDictionary(contract => contract.Name, StringComparer.Ordinal);

    /// <summary>All contracts.</summary>
    public IReadOnlyCollection<IJobContract> All => _contracts.Values;

    /// <summary>The messages that the contract of a job wants sent of an event; none if it is not spoken here any more.</summary>
    public IEnumerable<OutboxMessage> Encode(JobRecord job, JobEvent happened)
    {
        if (job.Contract is null || !_contracts.TryGetValue(job.Contract, out var contract))
            yield break;
        var incoming = new IncomingJob(job.Kind, job.ExternalId ?? "", default)
        {
            Notes = job.Notes is null ? null : JsonSerializer.Deserialize<Dictionary<string, string>>(job.Notes, JobJson.Options),
        };
        var index = 0;
        foreach (var outgoing in contract.Encode(incoming, happened))
            yield return Message(outgoing, job.Id, $"{job.Id}.{happened.Number}.{++index}");
    }

    /// <summary>A message of a contract, for the outbox.</summary>
    public static OutboxMessage Message(Outgoing outgoing, JobId job, string messageId) => new()
    {
        Job = job,
        Exchange = outgoing.Exchange,
        RoutingKey = outgoing.RoutingKey,
        MessageId = messageId,
        Body = outgoing.Body,
        ContentType = outgoing.ContentType,
        CorrelationId = outgoing.CorrelationId,
        Headers = outgoing.Headers is null ? null : JsonSerializer.Serialize(outgoing.Headers, JobJson.Options),
    };
}
