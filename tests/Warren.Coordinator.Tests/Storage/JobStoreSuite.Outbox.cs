using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Coordinator.Tests.Storage;

public abstract partial class JobStoreSuite
{
    [Fact]
    public async Task A_message_comes_back_as_it_was_sent()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record with { State = JobState.Scheduled });
        var sent = new OutboxMessage
        {
            Job = id, Exchange = "x\0ünï", RoutingKey = "r", MessageId = "m", Attempt = 3, Body = new byte[] { 0, 1, 255 }, ContentType = "text/plain",
            CorrelationId = "c", Headers = """{"a":"b"}""",
        };
        var held = Assert.Single(await SendAsync("relay", sent));
        Assert.Equal(1, await Store.ReleaseMessagesAsync("relay", Cancel));
        var taken = Assert.Single(await Store.TakeMessagesAsync("other", 10, Cancel));

        Assert.Equal(held.Id, taken.Id);
        Assert.Equal([0, 1, 255], taken.Body!.Value.ToArray());
        Assert.Equal(sent with { Id = held.Id, Body = null }, taken with { Body = null });
    }

    [Fact]
    public async Task A_message_without_a_body_stands_for_the_args()
    {
        await Store.InsertAsync(NewJobs.Queued());
        await Store.ReleaseMessagesAsync(null, Cancel);

        Assert.Null(Assert.Single(await Store.TakeMessagesAsync("other", 10, Cancel)).Body);
    }

    [Fact]
    public async Task Of_a_jobs_messages_only_the_first_is_taken()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record with { State = JobState.Scheduled });
        var held = await SendAsync("relay", NewJobs.Message(id, "first"), NewJobs.Message(id, "second"));

        Assert.EndsWith("first", Assert.Single(held).RoutingKey, StringComparison.Ordinal);
        Assert.Empty(await SendAsync("other", NewJobs.Message(id, "third")));
        Assert.Empty(await Store.TakeMessagesAsync("other", 10, Cancel));

        foreach (var next in (string[])["second", "third"])
        {
            await Store.DeleteMessagesAsync([held[0].Id], Cancel);
            held = await Store.TakeMessagesAsync("other", 10, Cancel);
            Assert.EndsWith(next, Assert.Single(held).RoutingKey, StringComparison.Ordinal);
            Assert.Empty(await Store.TakeMessagesAsync("relay", 10, Cancel));
        }

        await Store.DeleteMessagesAsync([held[0].Id], Cancel);
        Assert.Single(await SendAsync("relay", NewJobs.Message(id, "fourth")));
        Assert.Equal(1, (await Store.CountMessagesAsync(Cancel)).Count);
    }

    [Fact]
    public async Task A_message_released_before_another_goes_first()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record);
        await SendAsync("relay", NewJobs.Message(id, "second"));
        await Store.ReleaseMessagesAsync("relay", Cancel);

        Assert.EndsWith("text.stats", Assert.Single(await Store.TakeMessagesAsync("other", 10, Cancel)).RoutingKey, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_are_taken_oldest_first_and_no_more_than_asked_for()
    {
        var ids = await Store.InsertAsync([.. Enumerable.Range(0, 10).Select(_ => NewJobs.Queued())]);
        Assert.Equal(10, await Store.ReleaseMessagesAsync(null, Cancel));

        Assert.Equal(ids.Take(4), (await Store.TakeMessagesAsync("a", 4, Cancel)).Select(message => message.Job));
        Assert.Equal(ids.Skip(4), (await Store.TakeMessagesAsync("b", 100, Cancel)).Select(message => message.Job));
        Assert.Equal(4, await Store.ReleaseMessagesAsync("a", Cancel));
        Assert.Equal(0, await Store.ReleaseMessagesAsync("a", Cancel));
        Assert.Equal(ids.Take(4), (await Store.TakeMessagesAsync("c", 100, Cancel)).Select(message => message.Job));
    }

    [Fact]
    public async Task Relays_that_take_at_once_share_without_doubles()
    {
        await Store.InsertAsync([.. Enumerable.Range(0, 200).Select(_ => NewJobs.Queued())]);
        await Store.ReleaseMessagesAsync(null, Cancel);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(relay => Task.Run(
            async () =>
            {
                var mine = new List<long>();
                while (await Store.TakeMessagesAsync($"relay {relay}", 7, Cancel) is { Count: > 0 } messages)
                    mine.AddRange(messages.Select(message => message.Id));
                return mine;
            },
            Cancel)));

        // Whoever saw only rows that others were about to take may have stopped early.
        var rest = await Store.TakeMessagesAsync("last", 200, Cancel);
        Assert.Equal(200, taken.SelectMany(ids => ids).Concat(rest.Select(message => message.Id)).ToHashSet().Count);
        Assert.Equal(200, taken.Sum(ids => ids.Count) + rest.Count);
    }

    [Fact]
    public async Task Ids_of_messages_are_not_given_twice()
    {
        var job = NewJobs.Queued();
        var (_, messages) = await Store.InsertAsync([job], "relay", Cancel);
        await Store.DeleteMessagesAsync([messages[0].Id], Cancel);

        Assert.True((await SendAsync("relay", NewJobs.Message(job.Record.Id)))[0].Id > messages[0].Id);
    }

    [Fact]
    public async Task Deleting_what_is_gone_or_nothing_is_well()
    {
        await Store.DeleteMessagesAsync([], Cancel);
        await Store.DeleteMessagesAsync([1, 2, 3], Cancel);

        Assert.Equal(new OutboxCount(0, null), await Store.CountMessagesAsync(Cancel));
    }

    [Fact]
    public async Task The_outbox_is_counted_with_its_oldest()
    {
        var before = TimeProvider.System.GetUtcNow().AddMilliseconds(-1);
        await Store.InsertAsync(NewJobs.Queued(), NewJobs.Queued());
        var count = await Store.CountMessagesAsync(Cancel);

        Assert.Equal(2, count.Count);
        Assert.InRange(count.Oldest!.Value, before, TimeProvider.System.GetUtcNow());
    }

    private async Task<IReadOnlyList<OutboxMessage>> SendAsync(string taker, params OutboxMessage[] messages)
    {
        var changes = await Store.ChangeAsync(
            [messages[0].Job],
            taker,
            batch =>
            {
                Array.ForEach(messages, batch.Send);
                return 0;
            },
            Cancel);
        return changes.Messages;
    }
}
