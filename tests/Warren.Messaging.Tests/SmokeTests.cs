using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests;

[Trait("Category", "Service")]
public class SmokeTests(RabbitMqFixture rabbit, ITestOutputHelper output)
{
    private sealed record Work(int Id, string Text);

    [Fact]
    public async Task Rpc_works()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var server = await bus.RespondAsync("user.profile.get", async (Work request, CancellationToken _) =>
        {
            await Task.Yield();
            return request.Id < 0 ? throw new InvalidOperationException("negative") : request with { Text = "ok" };
        });
        var replies = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => bus.RequestAsync<Work, Work>("user.profile.get", new(i, "?"))));
        Assert.Equal(Enumerable.Range(0, 1000), replies.Select(r => r.Id));
        var error = await Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<Work, Work>("user.profile.get", new(-1, "?")));
        output.WriteLine(error.ToString());
        Assert.Equal(RequestFailureReason.RemoteError, error.Reason);
        error = await Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<Work, Work>("nobody", new(-1, "?")));
        output.WriteLine(error.Message);
        Assert.Equal(RequestFailureReason.Unroutable, error.Reason);
    }

    [Fact]
    public async Task Retry_then_dead_then_replay()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var attempts = new Arrivals<int>();
        var fail = true;
        await using var consumer = await bus.ReceiveAsync("work", (Work work, MessageContext context, CancellationToken _) =>
        {
            attempts.Add(context.Attempt);
            return fail ? throw new InvalidOperationException("not today") : Task.CompletedTask;
        }, new ReceiveOptions { Retry = new RetryPolicy { MaxAttempts = 2 } });
        var id = await bus.SendAsync("work", new Work(1, "x"));
        Assert.Equal([1, 2], await attempts.WaitForAsync(2));
        await Eventually.ThatAsync(async () => (await bus.DeadLetters.ListAsync("work")).Count == 1, "there is a dead letter");
        var letter = (await bus.DeadLetters.ReadAsync("work", id!))!;
        output.WriteLine(letter.ToString());
        Assert.Equal("attempts_exhausted", letter.Reason);
        fail = false;
        var replay = await bus.DeadLetters.ReplayAsync("work");
        Assert.Equal(1, replay.Replayed);
        Assert.Equal([1, 2, 1], await attempts.WaitForAsync(3));
        Assert.Empty(await bus.DeadLetters.ListAsync("work"));
    }

    [Fact]
    public async Task Live_and_unroutable_and_many()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        using var stop = new CancellationTokenSource();
        var seen = new Arrivals<Work>();
        var reading = Task.Run(async () =>
        {
            await foreach (var work in bus.ReadAsync<Work>("collaboration.events", "session.7.*", stop.Token))
                seen.Add(work);
        });
        await Eventually.ThatAsync(async () =>
        {
            await bus.PublishAsync("collaboration.events", "session.7.code_updated", new Work(7, "a"));
            return seen.Items.Count > 0;
        }, "an event is seen");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

        var error = await Assert.ThrowsAsync<PublishFailedException>(() => bus.SendAsync("missing", new Work(1, "")));
        output.WriteLine(error.Message);
        await bus.Queues.DeclareAsync(new QueueDefinition("many"));
        var ids = await bus.SendBatchAsync("many", Enumerable.Range(0, 20000).Select(i => new Work(i, "text")));
        Assert.Equal(20000, ids.Distinct().Count());
        Assert.Equal(20000, (await bus.Queues.InfoAsync("many")).MessageCount);
        var order = new Arrivals<int>();
        await using var consumer = await bus.ReceiveAsync("many", (Work work, CancellationToken _) => { order.Add(work.Id); return Task.CompletedTask; });
        Assert.Equal(Enumerable.Range(0, 20000), await order.WaitForAsync(20000));
        output.WriteLine(bus.Health.ToString());
        error = await Assert.ThrowsAsync<PublishFailedException>(() => bus.PublishAsync("amq.topic", "x", new Work(1, ""), new() { Headers = new Dictionary<string, object?> { ["a"] = new object() } }));
        output.WriteLine(error.Message);
    }
}
