using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.Coordinator.Moves;
using Warren.Coordinator.Outbox;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Contracts;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Coordinator.Intake;

/// <summary>Takes in the jobs that come by the queue of a contract: decode, check, write, acknowledge.</summary>
internal sealed partial class ContractIntake(
    IJobContract contract, SubmitIntake intake, IJobStore store, JobChanges changes, ContractCatalog contracts, IMessageBus bus, QueueDeclarer queues, StorePatience patience,
    ILogger<ContractIntake> logger)
{
    /// <summary>The queue's consumer calls it with each message; its end acknowledges.</summary>
    /// <exception cref="RejectMessageException">The message is a dead letter.</exception>
    public async Task HandleAsync(ReadOnlyMemory<byte> body, MessageContext context, CancellationToken cancellationToken)
    {
        IncomingJob? job = null;
        try
        {
            job = Decode(body, context);
            var message = new SubmitMessage
            {
                Kind = job.Kind,
                Args = JsonDocument.Parse(job.Args).RootElement,
                ExternalId = job.ExternalId,
            };
            var origin = new JobOrigin(contract.Name, job.Notes is null ? null : JsonSerializer.Serialize(job.Notes, JobJson.Options));
            var insertion = await patience.AskAsync(token => intake.SubmitAsync(message, origin, token), cancellationToken);
            if (!insertion.IsNew)
                await RepeatAsync(insertion, job, cancellationToken);
        }
        catch (BadMessageException bad)
        {
            await AnswerAsync(bad.Answer, body, context, bad.Reason, bad, cancellationToken);
        }
        catch (JsonException error)
        {
            throw new RejectMessageException($"undecodable: {error.Message}", error);
        }
        catch (JobRefusedException refused)
        {
            // An id that is used again for something else is a mistake that only people can repair; an answer would end the first job.
            var answer = job is null || refused.Code == "job_id_reused"
                ? null
                : contract.Refuse(job, new(refused.Code, refused.Message, FailureCause.Invalid, 0));
            await AnswerAsync(answer, body, context, refused.Code, refused, cancellationToken);
        }
    }

    private IncomingJob Decode(ReadOnlyMemory<byte> body, MessageContext context)
    {
        var job = contract.Decode(new(context.Queue, JsonText.Readable(body), context.MessageId, context.CorrelationId, context.ReplyTo, context.Headers));
        return Encoding.UTF8.GetByteCount(job.ExternalId) is > 0 and <= 255
            ? job
            : throw new BadMessageException("undecodable", $"The job's id has {Encoding.UTF8.GetByteCount(job.ExternalId)} bytes; 1 to 255 were expected.");
    }

    private async Task AnswerAsync(
        Outgoing? answer, ReadOnlyMemory<byte> body, MessageContext context, string reason, Exception error, CancellationToken cancellationToken)
    {
        if (answer is null)
            throw new RejectMessageException($"{reason}: {error.Message}", error);
        var options = new PublishOptions
        {
            // A message that comes again gets the same answer, and whoever counts by its id counts it once.
            MessageId = $"{contract.Name}.{Convert.ToHexStringLower(SHA256.HashData(body.Span)[..16])}",
            Mandatory = answer.Exchange.Length == 0 || queues.FindOutput(answer.Exchange, answer.RoutingKey) is not null,
            ContentType = answer.ContentType,
            CorrelationId = answer.CorrelationId,
            Headers = answer.Headers?.ToDictionary(header => header.Key, header => (object?)header.Value),
        };
        if (answer.Exchange.Length == 0)
            await bus.SendAsync(answer.RoutingKey, answer.Body, options, cancellationToken);
        else
            await bus.PublishAsync(answer.Exchange, answer.RoutingKey, answer.Body, options, cancellationToken);
        Log.Answered(logger, contract.Name, context.Queue, reason);
    }

    // The sender may not have had the answer: it gets the same one again, under the same message id.
    private async Task RepeatAsync(Insertion insertion, IncomingJob job, CancellationToken cancellationToken)
    {
        Log.Double(logger, contract.Name, job.ExternalId, insertion.Id);
        if (!insertion.State.IsEnd())
            return;
        await patience.AskAsync(
            async token =>
            {
                if (await store.FindAsync(insertion.Id, token) is not { } record)
                    return false;
                var last = await store.ReadEventsAsync(record.Id, record.EventNumber - 1, 1, token);
                if (last.Count == 0)
                    return false;
                var end = last[0];
                if (end is JobSucceeded { Result: null } succeeded && await store.ReadResultAsync(record.Id, token) is { } result)
                    end = succeeded with { Result = JsonDocument.Parse(result).RootElement };
                var messages = contracts.Encode(record, end).ToList();
                return await changes.MakeAsync(
                    [record.Id],
                    (batch, _) =>
                    {
                        messages.ForEach(batch.Send);
                        return true;
                    },
                    token);
            },
            cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Contract {Contract}: {ExternalId} came again; it is job {JobId}")]
        public static partial void Double(ILogger logger, string contract, string externalId, JobId jobId);

        [LoggerMessage(LogLevel.Warning, "Contract {Contract}: a message on {Queue} was answered with a failure, {Reason}")]
        public static partial void Answered(ILogger logger, string contract, string queue, string reason);
    }
}
