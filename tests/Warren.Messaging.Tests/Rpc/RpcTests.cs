using RabbitMQ.Client;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Rpc;

[Trait("Category", "Service")]
public class RpcTests(RabbitMqFixture rabbit)
{
    [Theory]
    [InlineData(ReplyQueueKind.DirectReplyTo)]
    [InlineData(ReplyQueueKind.Exclusive)]
    public async Task A_thousand_calls_at_once_get_each_its_own_reply(ReplyQueueKind kind)
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var server = await MessageBus.ConnectAsync(url);
        await using var bus = await MessageBus.ConnectAsync(url, options => options.ReplyQueue = kind);
        await using var responder = await server.RespondAsync(
            "double", (Numbered request, CancellationToken _) => Task.FromResult(request with { Id = request.Id * 2 }));

        var replies = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => bus.RequestAsync<Numbered, Numbered>("double", new Numbered(i, $"{i}"))));

        Assert.Equal(Enumerable.Range(0, 1000).Select(i => new Numbered(i * 2, $"{i}")), replies);
    }

    /// <remarks>Controls the broker to count channels.</remarks>
    [Fact]
    public async Task All_calls_of_a_client_share_one_channel()
    {
        var broker = await rabbit.ControlAsync();
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        var release = new Signal();
        await using var responder = await bus.RespondAsync("echo", async (Numbered request, CancellationToken token) =>
        {
            await release.WaitAsync(cancellationToken: token);
            return request;
        }, new RespondOptions { Concurrency = 200 });
        Assert.Equal(0, (await bus.Queues.InfoAsync("echo")).MessageCount);
        Task<BrokerCounts> CountAsync() => broker.CountAsync(RawClient.VirtualHost(url));
        var before = await Eventually.GetAsync(CountAsync, counts => counts.Channels == 2, "publisher and responder have a channel each");

        var calls = Enumerable.Range(0, 200).Select(i => bus.RequestAsync<Numbered, Numbered>("echo", new Numbered(i))).ToList();
        await Eventually.ThatAsync(async () => (await CountAsync()).Channels > before.Channels, "the client has its channel");
        release.Set();
        await Task.WhenAll(calls);

        // One for requests, one for the replies of the responder.
        await Eventually.ThatAsync(async () => (await CountAsync()).Channels == before.Channels + 2, "no more channels are open");
    }

    [Fact]
    public async Task The_server_handles_no_more_requests_at_once_than_it_may()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var running = 0;
        var tooMany = 0;
        var full = new Signal();
        await using var responder = await bus.RespondAsync("work", async (Numbered request, CancellationToken token) =>
        {
            var now = Interlocked.Increment(ref running);
            if (now > 7)
                Interlocked.Increment(ref tooMany);
            if (now == 7)
                full.Set();
            await full.WaitAsync(cancellationToken: token);
            await Task.Yield();
            Interlocked.Decrement(ref running);
            return request;
        }, new RespondOptions { Concurrency = 7 });

        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => bus.RequestAsync<Numbered, Numbered>("work", new Numbered(i))));

        Assert.True(full.IsSet);
        Assert.Equal(0, tooMany);
    }

    [Fact]
    public async Task A_late_reply_is_a_timeout_and_is_dropped_when_it_comes()
    {
        var url = await rabbit.NewVirtualHostAsync();
        var time = new ManualTimeProvider();
        await using var server = await MessageBus.ConnectAsync(url);
        await using var bus = await ClockedBus.ConnectAsync(url, time);
        var (started, release, replied) = (new Signal(), new Signal(), new Signal());
        await using var responder = await server.RespondAsync("slow", async (Numbered request, CancellationToken token) =>
        {
            if (request.Id == 1)
            {
                started.Set();
                await release.WaitAsync(cancellationToken: token);
                replied.Set();
            }
            return request;
        });

        var call = bus.RequestAsync<Numbered, Numbered>("slow", new Numbered(1), TimeSpan.FromSeconds(300.5));
        await started.WaitAsync();
        await time.WaitForTimersAsync();
        time.Advance(TimeSpan.FromSeconds(300.5));

        var error = await Assert.ThrowsAsync<RequestFailedException>(() => call);
        Assert.Equal(RequestFailureReason.TimedOut, error.Reason);
        Assert.Contains("\"slow\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("300.5 s", error.Message, StringComparison.Ordinal);
        release.Set();
        await replied.WaitAsync();
        Assert.Equal(new Numbered(2), await bus.RequestAsync<Numbered, Numbered>("slow", new Numbered(2)));
    }

    [Fact]
    public async Task A_request_nobody_waits_for_any_more_is_not_handled()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await bus.Queues.DeclareAsync(new QueueDefinition("idle") { Type = QueueType.Classic });
        var error = await Assert.ThrowsAsync<RequestFailedException>(
            () => bus.RequestAsync<Numbered, Numbered>("idle", new Numbered(1), TimeSpan.FromMilliseconds(200)));
        Assert.Equal(RequestFailureReason.TimedOut, error.Reason);
        // Its time in the queue began a little later than the caller's.
        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("idle")).MessageCount == 0, "the request has expired");
        var seen = new Arrivals<int>();

        await using var responder = await bus.RespondAsync("idle", (Numbered request, CancellationToken _) =>
        {
            seen.Add(request.Id);
            return Task.FromResult(request);
        });
        await bus.RequestAsync<Numbered, Numbered>("idle", new Numbered(2));

        Assert.Equal([2], seen.Items);
    }

    [Theory]
    [InlineData(ReplyQueueKind.DirectReplyTo)]
    [InlineData(ReplyQueueKind.Exclusive)]
    public async Task Without_a_queue_a_request_fails_at_once(ReplyQueueKind kind)
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync(), options => options.ReplyQueue = kind);

        var error = await Assert.ThrowsAsync<RequestFailedException>(
            () => bus.RequestAsync<Numbered, Numbered>("nobody", new Numbered(1), TimeSpan.FromMinutes(10)));

        Assert.Equal(RequestFailureReason.Unroutable, error.Reason);
        Assert.Contains("\"nobody\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_error_of_a_handler_reaches_its_caller_with_type_and_text()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var responder = await bus.RespondAsync<Numbered, Numbered>(
            "fails", (Numbered _, CancellationToken _) => throw new InvalidOperationException("There is no user 7: „Ada“."));

        var error = await Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<Numbered, Numbered>("fails", new Numbered(1)));

        Assert.Equal(RequestFailureReason.RemoteError, error.Reason);
        Assert.Equal("System.InvalidOperationException", error.RemoteErrorType);
        Assert.Contains("There is no user 7: „Ada“.", error.Message, StringComparison.Ordinal);
        Assert.Empty(await bus.DeadLetters.ListAsync("fails"));
    }

    [Fact]
    public async Task A_request_that_cannot_be_read_is_answered_with_an_error()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var responder = await bus.RespondAsync("typed", (Numbered request, CancellationToken _) => Task.FromResult(request));

        var error = await Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<string, Numbered>("typed", "not a record"));

        Assert.Equal(RequestFailureReason.RemoteError, error.Reason);
        Assert.Equal(typeof(ContentException).FullName, error.RemoteErrorType);
        Assert.Equal(new Numbered(1), await bus.RequestAsync<Numbered, Numbered>("typed", new Numbered(1)));
    }

    [Fact]
    public async Task A_reply_that_cannot_be_read_says_so()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var responder = await bus.RespondAsync("text", (Numbered _, CancellationToken _) => Task.FromResult("just text"));

        var error = await Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<Numbered, Numbered>("text", new Numbered(1)));

        Assert.Equal(RequestFailureReason.InvalidReply, error.Reason);
        Assert.Contains("Numbered", error.Message, StringComparison.Ordinal);
        Assert.IsType<ContentException>(error.InnerException);
    }

    [Fact]
    public async Task A_reply_too_large_to_send_is_an_error_at_the_caller()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync(), options => options.MaxMessageBytes = 1000);
        await using var responder = await bus.RespondAsync("large", (Numbered _, CancellationToken _) => Task.FromResult(new byte[1001]));

        var error = await Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<Numbered, byte[]>("large", new Numbered(1)));

        Assert.Equal(RequestFailureReason.RemoteError, error.Reason);
        Assert.Contains("MaxMessageBytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reply_may_be_null()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var responder = await bus.RespondAsync(
            "find", (Numbered request, CancellationToken _) => Task.FromResult(request.Id == 1 ? request : null));

        Assert.Equal(new Numbered(1), await bus.RequestAsync<Numbered, Numbered?>("find", new Numbered(1)));
        Assert.Null(await bus.RequestAsync<Numbered, Numbered?>("find", new Numbered(2)));
        // A type that has no null cannot read one.
        var error = await Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<Numbered, int>("find", new Numbered(2)));
        Assert.Equal(RequestFailureReason.InvalidReply, error.Reason);
    }

    [Fact]
    public async Task A_null_reply_is_json_null_on_the_wire_and_may_be_encrypted()
    {
        var url = await rabbit.NewVirtualHostAsync();
        static void Encrypt(MessagingOptions options)
        {
            options.Encryption.Keys["k"] = Convert.ToBase64String(new byte[32]);
            options.Encryption.KeyId = "k";
        }
        await using var plain = await MessageBus.ConnectAsync(url);
        await using var secret = await MessageBus.ConnectAsync(url, Encrypt);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("answers");
        await using var one = await plain.RespondAsync("find", (Numbered _, CancellationToken _) => Task.FromResult<Numbered?>(null));
        await using var two = await secret.RespondAsync("secret", (Numbered _, CancellationToken _) => Task.FromResult<string?>(null));

        await raw.PublishAsync("", "find", """{"id":1}""", new BasicProperties { ReplyTo = "answers", CorrelationId = "c" });

        var reply = await raw.TakeAsync("answers");
        Assert.Equal("null"u8.ToArray(), reply.Body.ToArray());
        Assert.Equal("application/json", reply.BasicProperties.ContentType);
        Assert.Equal("c", reply.BasicProperties.CorrelationId);
        Assert.Null(await secret.RequestAsync<Numbered, string?>("secret", new Numbered(1)));
    }

    [Fact]
    public async Task A_request_without_a_reply_address_is_handled_and_a_failure_becomes_a_dead_letter()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var handled = new Arrivals<int>();
        await using var responder = await bus.RespondAsync("notes", (Numbered request, CancellationToken _) =>
        {
            handled.Add(request.Id);
            return request.Id == 1 ? throw new TimeoutException("late") : Task.FromResult(request);
        });

        var id = await bus.SendAsync("notes", new Numbered(1));
        await bus.SendAsync("notes", new Numbered(2));

        await handled.WaitForAsync(2);
        var letters = await Eventually.GetAsync(() => bus.DeadLetters.ListAsync("notes"), found => found.Count == 1, "there is a dead letter");
        Assert.Equal(id, letters[0].MessageId);
        Assert.Equal("System.TimeoutException", letters[0].ExceptionType);
        Assert.Equal([1, 2], handled.Items.Order());
    }

    [Fact]
    public async Task A_connection_lost_while_waiting_fails_the_call_soon_and_the_next_works()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        await using var server = await MessageBus.ConnectAsync(url);
        await using var bus = await MessageBus.ConnectAsync(proxy.Rewrite(url));
        var started = new Signal();
        var release = new Signal();
        await using var responder = await server.RespondAsync("slow", async (Numbered request, CancellationToken token) =>
        {
            started.Set();
            if (request.Id == 1)
                await release.WaitAsync(cancellationToken: token);
            return request;
        });
        var call = bus.RequestAsync<Numbered, Numbered>("slow", new Numbered(1), TimeSpan.FromMinutes(10));
        await started.WaitAsync();

        await proxy.CutAsync();

        var error = await Assert.ThrowsAsync<RequestFailedException>(() => call.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System));
        Assert.Equal(RequestFailureReason.ConnectionLost, error.Reason);
        Assert.Equal(new Numbered(2), await bus.RequestAsync<Numbered, Numbered>("slow", new Numbered(2)));
        release.Set();
    }

    [Fact]
    public async Task A_cancel_ends_the_wait()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var started = new Signal();
        var release = new Signal();
        await using var responder = await bus.RespondAsync("slow", async (Numbered request, CancellationToken token) =>
        {
            started.Set();
            await release.WaitAsync(cancellationToken: token);
            return request;
        });
        using var cancel = new CancellationTokenSource();
        var call = bus.RequestAsync<Numbered, Numbered>("slow", new Numbered(1), cancellationToken: cancel.Token);
        await started.WaitAsync();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => bus.RequestAsync<Numbered, Numbered>("slow", new Numbered(2), cancellationToken: cancel.Token));
        release.Set();
        Assert.Equal(new Numbered(3), await bus.RequestAsync<Numbered, Numbered>("slow", new Numbered(3)));
    }

    [Fact]
    public async Task A_request_that_cannot_be_sent_is_refused()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync(), options => options.MaxMessageBytes = 1000);
        await bus.Queues.DeclareAsync(new QueueDefinition("work") { Type = QueueType.Classic });

        var tooLarge = await Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<byte[], Numbered>("work", new byte[1001]));
        var noName = await Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<Numbered, Numbered>(new string('q', 256), new Numbered(1)));

        Assert.Equal(RequestFailureReason.Refused, tooLarge.Reason);
        Assert.Equal(RequestFailureReason.Refused, noName.Reason);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bus.RequestAsync<Numbered, Numbered>("work", new Numbered(1), TimeSpan.Zero));
    }

    /// <remarks>Controls the broker to see what is not acknowledged.</remarks>
    [Theory]
    [InlineData(true, 15)]
    [InlineData(false, 1)]
    public async Task Answers_leave_at_once_also_when_their_requests_are_acknowledged_together(bool together, int unacknowledged)
    {
        var broker = await rabbit.ControlAsync();
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        var (started, release) = (new Signal(), new Signal());
        await using var responder = await bus.RespondAsync("echo", async (Numbered request, CancellationToken token) =>
        {
            if (request.Id == 5)
            {
                started.Set();
                await release.WaitAsync(TimeSpan.FromMinutes(1), token);
            }
            return request;
        }, new RespondOptions { Concurrency = 20, AckTogether = together });

        // One after another until one is held: of calls made at once any may be the first.
        foreach (var request in Numbered.Range(5))
            await bus.RequestAsync<Numbered, Numbered>("echo", request);
        var held = bus.RequestAsync<Numbered, Numbered>("echo", new Numbered(5), TimeSpan.FromMinutes(1));
        await started.WaitAsync();
        await Task.WhenAll(Enumerable.Range(6, 14).Select(id => bus.RequestAsync<Numbered, Numbered>("echo", new Numbered(id))));
        await UntilUnacknowledgedAsync(unacknowledged);
        Assert.False(held.IsCompleted);
        release.Set();
        await held;

        await UntilUnacknowledgedAsync(0);

        Task UntilUnacknowledgedAsync(int count) => Eventually.GetAsync(
            async () => (await broker.ListQueuesAsync(RawClient.VirtualHost(url))).Single(queue => queue.Name == "echo").Unacknowledged,
            found => found == count, $"{count} requests are not acknowledged");
    }

    [Fact]
    public async Task A_disposed_bus_ends_its_calls()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var server = await MessageBus.ConnectAsync(url);
        var bus = await MessageBus.ConnectAsync(url);
        var started = new Signal();
        var release = new Signal();
        await using var responder = await server.RespondAsync("slow", async (Numbered request, CancellationToken token) =>
        {
            started.Set();
            await release.WaitAsync(cancellationToken: token);
            return request;
        });
        var call = bus.RequestAsync<Numbered, Numbered>("slow", new Numbered(1));
        await started.WaitAsync();

        await bus.DisposeAsync();

        var error = await Assert.ThrowsAsync<RequestFailedException>(() => call);
        Assert.Equal(RequestFailureReason.ConnectionLost, error.Reason);
        Assert.Contains("disposed", error.Message, StringComparison.Ordinal);
        release.Set();
    }
}
