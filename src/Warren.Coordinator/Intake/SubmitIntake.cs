using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Warren.Coordinator.Batching;
using Warren.Coordinator.Moves;
using Warren.Coordinator.Schemas;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Intake;

/// <summary>Takes jobs in: checks them, writes many in one transaction, and hands their messages to the relay.</summary>
internal sealed class SubmitIntake(
    Batcher<NewJob, Insertion> inserts, KindCatalog kinds, CoordinatorOptions options, TimeProvider time)
{
    private const int MaxNameBytes = 255;
    private const int MaxArgsDepth = 64;

    /// <summary>Takes a job in, or finds the one that is there already.</summary>
    /// <exception cref="JobRefusedException">The job is not what it should be; nothing was written.</exception>
    /// <exception cref="StoreUnavailableException">The store is away; the job may be in it all the same.</exception>
    public async Task<Insertion> SubmitAsync(SubmitMessage message, JobOrigin? origin, CancellationToken cancellationToken)
    {
        var kind = await CheckAsync(message, origin, cancellationToken);
        var insertion = await inserts.AskAsync(NewJob(message, kind, origin), cancellationToken);
        if (insertion is { IsNew: false, SameArgs: false })
        {
            throw insertion.Match switch
            {
                InsertionMatch.IdempotencyKey => new JobRefusedException(
                    "idempotency_mismatch", $"The idempotency key '{message.IdempotencyKey}' belongs to job {insertion.Id}, which has other args."),
                InsertionMatch.ExternalId => new JobRefusedException(
                    "job_id_reused", $"'{message.ExternalId}' is job {insertion.Id}, which has other args."),
                _ => new JobRefusedException("id_taken", $"There is a job {insertion.Id} with another kind or other args."),
            };
        }
        return insertion;
    }

    private static NewJob NewJob(SubmitMessage message, KindEntry? kind, JobOrigin? origin, ReadOnlyMemory<byte> args, DateTimeOffset now, KindPolicy policy, JobId id)
    {
        var later = message.RunAt > now;
        var record = new JobRecord
        {
            Id = id,
            Kind = message.Kind,
            State = later ? JobState.Scheduled : JobState.Queued,
            Lane = message.Lane,
            Owner = message.Owner,
            Contract = origin?.Contract,
            ExternalId = message.ExternalId,
            Notes = origin?.Notes,
            CallbackUrl = message.CallbackUrl?.OriginalString,
            MaxAttempts = policy.Retry.MaxAttempts,
            EventNumber = 1,
            CreatedAt = now,
            RunAt = later ? message.RunAt : null,
            Deadline = message.Deadline ?? (kind?.Description.Deadline is { } seconds ? now.AddSeconds(Math.Min(seconds, 3650.0 * 86_400)) : null),
            PublishedAt = later ? null : now,
        };
        return new()
        {
            Record = record,
            Args = args,
            ArgsHash = Hash(message.Args),
            IdempotencyKey = message.IdempotencyKey,
            Event = (later ? new JobScheduled(message.RunAt!.Value) : (JobEvent)new JobQueued()) with { Job = id, Kind = message.Kind, Number = 1, Attempt = 1, At = now },
            Message = later ? null : JobMoves.MessageOf(record) with { Body = args },
        };
    }

    // Of the compact form, so that another client's spaces make no other job.
    private static byte[] Hash(JsonElement args)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxArgsDepth + 1 }))
            args.WriteTo(writer);
        return SHA256.HashData(buffer.WrittenSpan);
    }

    private static void CheckName(string? value, string name)
    {
        if (value is null)
            return;
        var length = Encoding.UTF8.GetByteCount(value);
        if (length is 0 or > MaxNameBytes || value.AsSpan().ContainsAnyInRange('\0', '\u001f'))
            throw new JobRefusedException("invalid_request", $"{name} has {length} bytes or a control character; 1 to {MaxNameBytes} bytes without them were expected.");
    }

    private NewJob NewJob(SubmitMessage message, KindEntry? kind, JobOrigin? origin) => NewJob(
        message, kind, origin, JsonMarshal.GetRawUtf8Value(message.Args).ToArray(), time.GetUtcNow(), kinds.Policy(message.Kind), message.Id ?? JobId.New(time));

    private async ValueTask<KindEntry?> CheckAsync(SubmitMessage message, JobOrigin? origin, CancellationToken cancellationToken)
    {
        if (!JobKind.IsValid(message.Kind))
            throw new JobRefusedException("invalid_kind", $"The name of a kind was expected: {JobKind.Form}.");
        if (message.Args.ValueKind == JsonValueKind.Undefined)
            throw new JobRefusedException("invalid_args", "There are no args; JSON was expected.");
        var size = JsonMarshal.GetRawUtf8Value(message.Args).Length;
        if (size > options.MaxArgsBytes)
            throw new JobRefusedException("args_too_large", $"The args have {size:N0} bytes; at most {options.MaxArgsBytes:N0} are taken. Large inputs belong into files.");
        CheckName(message.Owner, "owner");
        CheckName(message.ExternalId, "external_id");
        CheckName(message.IdempotencyKey, "The idempotency key");
        if (message.CallbackUrl is not null)
            throw new JobRefusedException("not_supported", "There are no webhooks in this version, so callback_url cannot be served; leave it out and watch the job.");
        if (message.Deadline is { } deadline && deadline <= (message.RunAt ?? time.GetUtcNow()))
            throw new JobRefusedException("invalid_request", $"The deadline {deadline:O} is not after the time the job may start.");

        var kind = await kinds.FindAsync(message.Kind, cancellationToken);
        // A contract vouches for its kinds: what an outside system sends before the first worker ever came waits for it.
        if (kind is null && origin is null && !options.AcceptUnknownKinds)
        {
            throw new JobRefusedException(
                "unknown_kind", $"No worker has ever offered the kind '{message.Kind}'. Start one that handles it, or look for a misspelling.");
        }
        if (message.Lane is { } lane && kind?.Description.Lanes?.Contains(lane, StringComparer.Ordinal) != true)
            throw new JobRefusedException("unknown_lane", $"The kind '{message.Kind}' has no lane '{lane}'; it has {Lanes(kind)}.");
        if (kind?.ArgsSchema?.Check(message.Args) is { Count: > 0 } problems)
            throw new JobRefusedException("invalid_args", Sentence(problems), problems[0].Pointer);
        return kind;
    }

    private static string Sentence(IReadOnlyList<ArgsProblem> problems)
    {
        const int Told = 5;
        var sentence = string.Join(" ", problems.Take(Told));
        return problems.Count > Told ? $"{sentence} There are {problems.Count - Told} more." : sentence;
    }

    private static string Lanes(KindEntry? kind) => kind?.Description.Lanes is { Count: > 0 } lanes ? string.Join(", ", lanes) : "none besides its own";
}

/// <summary>Where a job came from, if not by the native ways.</summary>
/// <param name="Contract">The contract's name.</param>
/// <param name="Notes">What the contract wants to remember, in JSON.</param>
internal sealed record JobOrigin(string Contract, string? Notes);
