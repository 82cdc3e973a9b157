using System.Text;
using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Coordinator.Tests.Storage;

public abstract partial class JobStoreSuite
{
    [Fact]
    public async Task A_job_is_found_as_it_was_inserted()
    {
        var record = Whole(JobId.New());
        await Store.InsertAsync(record);

        Assert.Equal(record, await Store.FindAsync(record.Id, Cancel));
    }

    [Fact]
    public async Task A_job_nobody_inserted_is_not_found()
    {
        Assert.Null(await Store.FindAsync(JobId.New(), Cancel));
        Assert.Null(await Store.ReadResultAsync(JobId.New(), Cancel));
        Assert.Empty(await Store.ReadArgsAsync([JobId.New()], Cancel));
        Assert.Empty(await Store.ReadEventsAsync(JobId.New(), 0, 10, Cancel));
    }

    [Fact]
    public async Task A_new_job_answers_with_its_state_and_its_message()
    {
        var job = NewJobs.Queued();
        var (insertions, messages) = await Store.InsertAsync([job], "relay", Cancel);

        Assert.Equal(new Insertion(job.Record.Id, JobState.Queued, IsNew: true), Assert.Single(insertions));
        var message = Assert.Single(messages);
        Assert.True(message.Id > 0);
        Assert.Equal(job.Message! with { Id = message.Id }, message);
        Assert.Empty(await Store.TakeMessagesAsync("other", 10, Cancel));
    }

    [Fact]
    public async Task The_first_event_of_a_job_has_number_1()
    {
        var job = NewJobs.Queued();
        await Store.InsertAsync(job);

        var happened = Assert.Single(await Store.ReadEventsAsync(job.Record.Id, 0, 10, Cancel));
        Assert.Equal(new JobQueued { Job = job.Record.Id, Kind = "text.stats", Number = 1, Attempt = 1, At = NewJobs.Noon }, happened);
        Assert.Equal(1, (await Store.FindAsync(job.Record.Id, Cancel))!.EventNumber);
    }

    [Theory]
    [InlineData("""{"text":"ünïcödé 日本語 😀","n":1.0e2}""")]
    [InlineData("""{"text":"a\u0000b"}""")]
    [InlineData("  { \"b\" : 1, \"a\":2 }\n")]
    [InlineData("null")]
    public async Task Args_come_back_byte_for_byte(string args)
    {
        var job = NewJobs.Queued(args: args);
        await Store.InsertAsync(job);

        Assert.Equal(args, Encoding.UTF8.GetString((await Store.ReadArgsAsync([job.Record.Id], Cancel))[job.Record.Id].Span));
    }

    [Fact]
    public async Task Args_of_4_MiB_come_back()
    {
        var args = new byte[4 * 1024 * 1024];
        new Random(1).NextBytes(args);
        var job = NewJobs.Queued() with { Args = args };
        await Store.InsertAsync(job);

        Assert.True((await Store.ReadArgsAsync([job.Record.Id], Cancel))[job.Record.Id].Span.SequenceEqual(args));
    }

    [Fact]
    public async Task Args_of_jobs_that_are_not_there_are_left_out()
    {
        var job = NewJobs.Queued();
        await Store.InsertAsync(job);

        Assert.Equal([job.Record.Id], (await Store.ReadArgsAsync([JobId.New(), job.Record.Id], Cancel)).Keys);
        Assert.Empty(await Store.ReadArgsAsync([], Cancel));
    }

    [Fact]
    public async Task Texts_with_any_character_come_back()
    {
        const string text = "a\0b\u00100\u0010\u0010 ' \" \\ % _ 日本 😀 \u001b";
        var record = Whole(JobId.New()) with { Owner = text, ExternalId = text, Worker = text, Session = text, Error = new(text, text, FailureCause.Error, 1) };
        await Store.InsertAsync(NewJobs.With(record) with { IdempotencyKey = text });

        Assert.Equal(record, await Store.FindAsync(record.Id, Cancel));
        Assert.Equal([record.Id], (await Store.ListAsync(new() { Owner = text }, null, Cancel)).Select(job => job.Id));
        Assert.Equal([record.Id], (await Store.ListAsync(new() { ExternalId = text }, null, Cancel)).Select(job => job.Id));
        var again = await InsertOneAsync(NewJobs.With(record with { Id = JobId.New(), Contract = null }) with { IdempotencyKey = text });
        Assert.Equal(InsertionMatch.IdempotencyKey, again.Match);
    }

    [Fact]
    public async Task A_repeated_id_finds_the_job()
    {
        var job = NewJobs.Queued();
        await Store.InsertAsync(job);
        await Store.ChangeAsync(job.Record.Id, record => record with { State = JobState.Running });

        Assert.Equal(
            new Insertion(job.Record.Id, JobState.Running, IsNew: false, SameArgs: true, InsertionMatch.Id), await InsertOneAsync(job));
        Assert.Single(await Store.ReadEventsAsync(job.Record.Id, 0, 10, Cancel));
    }

    [Fact]
    public async Task A_repeated_id_with_other_args_says_so()
    {
        var job = NewJobs.Queued();
        await Store.InsertAsync(job);

        Assert.False((await InsertOneAsync(NewJobs.Queued(args: "{}", id: job.Record.Id))).SameArgs);
        Assert.False((await InsertOneAsync(NewJobs.Queued(kind: "other", id: job.Record.Id))).SameArgs);
        Assert.Equal("""{"text":"x"}""", Encoding.UTF8.GetString((await Store.ReadArgsAsync([job.Record.Id], Cancel))[job.Record.Id].Span));
    }

    [Fact]
    public async Task A_repeated_key_finds_the_first_job_whatever_its_state()
    {
        var first = NewJobs.Queued() with { IdempotencyKey = "k" };
        await Store.InsertAsync(first);
        await Store.ChangeAsync(first.Record.Id, record => record with { State = JobState.Failed });

        Assert.Equal(
            new Insertion(first.Record.Id, JobState.Failed, IsNew: false, SameArgs: true, InsertionMatch.IdempotencyKey),
            await InsertOneAsync(NewJobs.Queued() with { IdempotencyKey = "k" }));
        Assert.False((await InsertOneAsync(NewJobs.Queued(args: "{}") with { IdempotencyKey = "k" })).SameArgs);
    }

    [Fact]
    public async Task A_key_is_its_owners_and_kinds_own()
    {
        NewJob[] jobs =
        [
            NewJobs.Queued() with { IdempotencyKey = "k" },
            NewJobs.Queued(kind: "other") with { IdempotencyKey = "k" },
            NewJobs.With(NewJobs.Queued().Record with { Owner = "ann" }) with { IdempotencyKey = "k" },
            NewJobs.With(NewJobs.Queued().Record with { Owner = "bob" }) with { IdempotencyKey = "k" },
            NewJobs.Queued(),
        ];

        Assert.Equal(jobs.Select(job => job.Record.Id), await Store.InsertAsync(jobs));
    }

    [Fact]
    public async Task An_external_id_is_unique_within_contract_and_kind()
    {
        NewJob Foreign(string contract, string kind, string? args = null) =>
            NewJobs.With(NewJobs.Queued(kind).Record with { Contract = contract, ExternalId = "e" }, args ?? "{}");
        var first = Foreign("helpdesk", "a");
        await Store.InsertAsync(first, Foreign("helpdesk", "b"), Foreign("other", "a"));

        Assert.Equal(
            new Insertion(first.Record.Id, JobState.Queued, IsNew: false, SameArgs: true, InsertionMatch.ExternalId),
            await InsertOneAsync(Foreign("helpdesk", "a")));
        Assert.False((await InsertOneAsync(Foreign("helpdesk", "a", "[]"))).SameArgs);
    }

    [Fact]
    public async Task Without_a_contract_an_external_id_is_only_a_name()
    {
        var named = NewJobs.Queued().Record with { ExternalId = "e" };

        Assert.Equal(2, (await Store.InsertAsync(NewJobs.With(named), NewJobs.With(named with { Id = JobId.New() }))).Count);
    }

    [Fact]
    public async Task Of_doubles_in_one_batch_the_first_wins()
    {
        var id = NewJobs.Queued();
        var key = NewJobs.Queued() with { IdempotencyKey = "k" };
        var external = NewJobs.With(NewJobs.Queued().Record with { Contract = "c", ExternalId = "e" });
        var (insertions, messages) = await Store.InsertAsync(
            [
                id, id with { ArgsHash = new byte[32] }, key, NewJobs.Queued() with { IdempotencyKey = "k" }, external,
                NewJobs.With(NewJobs.Queued().Record with { Contract = "c", ExternalId = "e" }, "{}"),
            ],
            "relay",
            Cancel);

        Assert.Equal([true, false, true, false, true, false], insertions.Select(insertion => insertion.IsNew));
        Assert.Equal([true, false, true, true, true, false], insertions.Select(insertion => insertion.SameArgs));
        Assert.Equal(
            [default, InsertionMatch.Id, default, InsertionMatch.IdempotencyKey, default, InsertionMatch.ExternalId],
            insertions.Select(insertion => insertion.Match));
        Assert.Equal(
            [id.Record.Id, id.Record.Id, key.Record.Id, key.Record.Id, external.Record.Id, external.Record.Id],
            insertions.Select(insertion => insertion.Id));
        Assert.Equal([id.Record.Id, key.Record.Id, external.Record.Id], messages.Select(message => message.Job));
        Assert.Equal(3, (await Store.ListAsync(new(), null, Cancel)).Count);
    }

    [Fact]
    public async Task A_batch_of_1000_is_inserted_in_order()
    {
        var jobs = Enumerable.Range(0, 1000).Select(_ => NewJobs.Queued()).ToArray();
        var (insertions, messages) = await Store.InsertAsync(jobs, "relay", Cancel);

        Assert.Equal(jobs.Select(job => job.Record.Id), insertions.Select(insertion => insertion.Id));
        Assert.Equal(jobs.Select(job => job.Record.Id), messages.Select(message => message.Job));
        Assert.Equal(messages.Select(message => message.Id).Order(), messages.Select(message => message.Id));
        Assert.Equal(1000, (await Store.ReadArgsAsync([.. jobs.Select(job => job.Record.Id)], Cancel)).Count);
    }

    [Fact]
    public async Task Nothing_inserted_is_nothing_answered()
    {
        var (insertions, messages) = await Store.InsertAsync([], "relay", Cancel);

        Assert.Empty(insertions);
        Assert.Empty(messages);
    }

    [Fact]
    public async Task Of_many_inserts_of_one_key_at_once_one_wins()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ =>
            Task.Run(() => InsertOneAsync(NewJobs.Queued() with { IdempotencyKey = "k" }), Cancel)));

        var winner = Assert.Single(answers, answer => answer.IsNew);
        Assert.All(answers, answer => Assert.Equal(winner.Id, answer.Id));
        Assert.Single(await Store.ListAsync(new(), null, Cancel));
    }

    [Fact]
    public async Task Of_many_inserts_of_one_id_and_of_one_external_id_at_once_one_wins()
    {
        var id = JobId.New();
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(number => Task.Run(
            () => InsertOneAsync(number % 2 == 0
                ? NewJobs.Queued(id: id)
                : NewJobs.With(NewJobs.Queued().Record with { Contract = "c", ExternalId = "e" })),
            Cancel)));

        Assert.Equal(2, answers.Count(answer => answer.IsNew));
        Assert.Equal(2, (await Store.ListAsync(new(), null, Cancel)).Count);
    }

    [Fact]
    public async Task A_canceled_insert_inserts_nothing()
    {
        var job = NewJobs.Queued();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.InsertAsync([job], "relay", new CancellationToken(canceled: true)));
        Assert.Null(await Store.FindAsync(job.Record.Id, Cancel));
    }

    private async Task<Insertion> InsertOneAsync(NewJob job)
    {
        var (insertions, messages) = await Store.InsertAsync([job], "relay", Cancel);
        var insertion = Assert.Single(insertions);
        Assert.Equal(insertion.IsNew && job.Message is not null ? 1 : 0, messages.Count);
        return insertion;
    }

    // Nothing is at its default.
    private static JobRecord Whole(JobId id) => new()
    {
        Id = id,
        Kind = "text.stats",
        State = JobState.Running,
        Lane = "gpu",
        Owner = "ann",
        Contract = "helpdesk",
        ExternalId = "ticket-1",
        Notes = """{"a":1}""",
        CallbackUrl = "https://example.org/hook",
        Attempt = 2,
        MaxAttempts = 7,
        Granted = 3,
        Session = "s1",
        Worker = "w1",
        Started = true,
        FoldedSeq = 4,
        HeldReports = 5,
        EventNumber = 1,
        Progress = 12.5,
        Metrics = """{"loss":0.5}""",
        Checkpoint = """{"epoch":3}""",
        CancelRequested = true,
        Spent = new(1, 2, 3, 4),
        Error = new("engine.missing", "No engine.", FailureCause.Timeout, 1),
        Usage = new(10, 20, "small"),
        CreatedAt = NewJobs.Noon,
        RunAt = NewJobs.Noon.AddMicroseconds(1),
        Deadline = NewJobs.Noon.AddMinutes(1),
        StartedAt = NewJobs.Noon.AddMinutes(2),
        EndedAt = NewJobs.Noon.AddMinutes(3),
        PublishedAt = NewJobs.Noon.AddMinutes(4),
        KeepUntil = NewJobs.Noon.AddMinutes(5),
    };
}
