using System.Text.Json;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Coordinator.Intake;

/// <summary>Answers clients over AMQP: submits on <c>warren.submit</c>, everything else on <c>warren.requests</c>.</summary>
internal sealed class JobDesk(JobService jobs, StorePatience patience)
{
    /// <summary>Takes a job in, and says so; without <c>reply_to</c>, a refused one becomes a dead letter.</summary>
    public async Task<ReadOnlyMemory<byte>> SubmitAsync(ReadOnlyMemory<byte> body, MessageContext context, CancellationToken cancellationToken)
    {
        SubmitReply reply;
        try
        {
            var message = Read<SubmitMessage>(body);
            // Fire and forget: the message id makes a submit that is delivered again the same one.
            if (message.Id is null && JobId.TryParse(context.MessageId, null, out var id))
                message = message with { Id = id };
            var insertion = await patience.AskAsync(token => jobs.SubmitAsync(message, null, token), cancellationToken);
            reply = new() { Id = insertion.Id, State = insertion.State, Duplicate = !insertion.IsNew };
        }
        catch (JobRefusedException refused) when (context.ReplyTo is not null)
        {
            reply = new() { Error = new(refused.Code, refused.Message, refused.Pointer) };
        }
        catch (JobRefusedException refused)
        {
            throw new RejectMessageException($"{refused.Code}: {refused.Message}", refused);
        }
        return JsonSerializer.SerializeToUtf8Bytes(reply, JobJson.Options);
    }

    /// <summary>Answers a question, or does what was asked.</summary>
    public async Task<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> body, MessageContext context, CancellationToken cancellationToken)
    {
        JobReply reply;
        try
        {
            var request = Read<JobRequest>(body);
            reply = await patience.AskAsync(token => AnswerAsync(request, token), cancellationToken);
        }
        catch (JobRefusedException refused)
        {
            reply = new() { Error = new(refused.Code, refused.Message, refused.Pointer) };
        }
        return JsonSerializer.SerializeToUtf8Bytes(reply, JobJson.Options);
    }

    private static T Read<T>(ReadOnlyMemory<byte> body)
        where T : class
    {
        try
        {
            return ProtocolJson.Read<T>(body);
        }
        catch (JsonException error)
        {
            throw new JobRefusedException("invalid_request", error.Message);
        }
    }

    private async Task<JobReply> AnswerAsync(JobRequest request, CancellationToken cancellationToken)
    {
        if (request.Op == JobOperation.List)
            return new() { Page = await jobs.ListAsync(request.Filter ?? new(), cancellationToken) };
        var id = request.Id ?? throw new JobRefusedException("invalid_request", "id is missing; a job's id was expected.");
        return request.Op switch
        {
            JobOperation.Get => new() { Job = await jobs.GetAsync(id, cancellationToken) ?? throw new JobRefusedException("job_not_found", $"There is no job {id}.") },
            JobOperation.Result => new() { Result = JsonDocument.Parse(await jobs.GetResultAsync(id, cancellationToken)).RootElement },
            JobOperation.Events => new() { Events = await jobs.ReadEventsAsync(id, request.After, cancellationToken) },
            JobOperation.Cancel => new() { Job = await jobs.CancelAsync(id, cancellationToken) },
            JobOperation.Retry => new() { Job = await jobs.RetryAsync(id, cancellationToken) },
            _ => throw new JobRefusedException("invalid_request", $"{request.Op} is not an operation."),
        };
    }
}
