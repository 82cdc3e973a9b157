using System.Text.Json;
using Warren.Jobs;
using Warren.Jobs.Contracts;

namespace Warren.Docs.Tests.Snippets;

#pragma warning disable IDE0055 // Set as the documents have it.
// <snippet:job-kind>
public sealed record Summarize(string Text);
public sealed record Summary(string Text, int Words);
public static class AppJobs { public static readonly JobKind<Summarize, Summary> Summarize = new("text.summarize"); }
// </snippet>

// <snippet:job-handler>
public sealed class SummarizeHandler(IChatClient chat) : IJobHandler<Summarize, Summary>
{
    public async Task<Summary> HandleAsync(Summarize args, JobContext job, CancellationToken cancellationToken)
    {
        await job.ReportAsync(50, new Dictionary<string, double> { ["words"] = 12 }, cancellationToken);
        return new(await chat.SummarizeAsync(args.Text, cancellationToken), 12);
    }
}
// </snippet>

// <snippet:job-checkpoint>
public sealed class TrainHandler(ITrainer trainer) : IJobHandler<Train, Trained>
{
    public async Task<Trained> HandleAsync(Train args, JobContext job, CancellationToken cancellationToken)
    {
        var epoch = job.Checkpoint?.GetProperty("epoch").GetInt32() ?? 0;        // where an earlier attempt stopped
        for (; epoch < args.Epochs; epoch++)
        {
            var loss = await trainer.RunEpochAsync(epoch, cancellationToken);
            await job.CheckpointAsync(new { epoch = epoch + 1 }, progress: 100.0 * (epoch + 1) / args.Epochs,
                new Dictionary<string, double> { ["loss"] = loss }, epoch + 1, cancellationToken);
        }
        return new(epoch);
    }
}
// </snippet>

// <snippet:contract>
public sealed record TicketMessage(string TicketId, string Text);

public sealed class TicketContract : IJobContract
{
    public string Name => "tickets";
    public IReadOnlyList<JobQueue> Queues => [new("ticket_in", Exchange: "helpdesk", RoutingKey: "new")];

    public IncomingJob Decode(Delivery delivery)
    {
        var ticket = JsonSerializer.Deserialize<TicketMessage>(delivery.Body.Span, JobJson.Options)!;
        return new("text.summarize", ExternalId: ticket.TicketId, JsonSerializer.SerializeToUtf8Bytes(new Summarize(ticket.Text), JobJson.Options));
    }

    public IEnumerable<Outgoing> Encode(IncomingJob job, JobEvent happened) => happened is JobSucceeded { Result: { } summary }
        ? [new("helpdesk", "done", JsonSerializer.SerializeToUtf8Bytes(new { job.ExternalId, summary }, JobJson.Options))]
        : [];
}
// </snippet>
#pragma warning restore IDE0055

/// <summary>What the handler of the documents depends on.</summary>
public interface IChatClient
{
    /// <summary>A summary of a text.</summary>
    Task<string> SummarizeAsync(string text, CancellationToken cancellationToken);
}

/// <summary>Summarizes without understanding.</summary>
public sealed class FirstWords : IChatClient
{
    /// <inheritdoc/>
    public Task<string> SummarizeAsync(string text, CancellationToken cancellationToken) => Task.FromResult(string.Join(' ', text.Split(' ').Take(2)));
}

/// <summary>What the training handler of the documents depends on.</summary>
public interface ITrainer
{
    /// <summary>Runs an epoch.</summary>
    /// <returns>The loss after it.</returns>
    Task<double> RunEpochAsync(int epoch, CancellationToken cancellationToken);
}

/// <summary>The args of the training job.</summary>
public sealed record Train(int Epochs);

/// <summary>Its result.</summary>
public sealed record Trained(int Epochs);
