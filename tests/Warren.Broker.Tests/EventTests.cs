using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests;

/// <summary>What a broker tells of what happens in it.</summary>
public sealed class EventTests : IAsyncLifetime
{
    private readonly ManualTimeProvider _clock = new();
    private EmbeddedBroker _broker = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _broker = await EmbeddedBroker.StartAsync(new() { TimeProvider = _clock }, Token);

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Fact]
    public async Task The_life_of_a_connection_is_told_in_its_order()
    {
        var events = _broker.ReadEventsAsync(Token);
        await using var client = await RawAmqpClient.OpenAsync(_broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        await client.CallAsync(1, "exchange.declare", ("exchange", "x"), ("type", "topic"));
        await client.CallAsync(1, "exchange.declare", ("exchange", "x"), ("type", "topic"));
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "one"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "two"));
        await client.CallAsync(1, "basic.cancel", ("consumer-tag", "one"));
        await client.CallAsync(1, "exchange.delete", ("exchange", "x"));
        await client.CallAsync(1, "queue.declare", ("queue", "own"), ("exclusive", true));
        await client.SendAsync(0, "connection.close", ("reply-code", (ushort)200), ("reply-text", "bye"));
        await client.ExpectAsync(0, "connection.close-ok");

        var told = await TakeAsync(events, 13);

        var peer = ((BrokerEvent.ConnectionOpened)told[0]).Client;
        Assert.Equal(
            [
                new BrokerEvent.ConnectionOpened(peer, null, "guest", "/"),
                new BrokerEvent.ChannelOpened(peer, 1),
                new BrokerEvent.ExchangeDeclared("/", "x", "topic"),
                new BrokerEvent.QueueDeclared("/", "q"),
                new BrokerEvent.ConsumerStarted("/", "q", "one", peer, 1),
                new BrokerEvent.ConsumerStarted("/", "q", "two", peer, 1),
                new BrokerEvent.ConsumerCanceled("/", "q", "one", peer, 1, IsByBroker: false),
                new BrokerEvent.ExchangeDeleted("/", "x"),
                new BrokerEvent.QueueDeclared("/", "own"),
                new BrokerEvent.ConsumerCanceled("/", "q", "two", peer, 1, IsByBroker: false),
                new BrokerEvent.ChannelClosed(peer, 1, "its connection was closed by the client"),
                new BrokerEvent.QueueDeleted("/", "own"),
                new BrokerEvent.ConnectionClosed(peer, null, "/", "closed by the client: 200 bye"),
            ],
            told.Select(Timeless));
        Assert.All(told, happened => Assert.Equal(_clock.GetUtcNow(), happened.At));
    }

    [Fact]
    public async Task A_consumer_whose_queue_goes_is_canceled_by_the_broker()
    {
        await using var client = await OpenAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"));
        var events = _broker.ReadEventsAsync(Token);

        await client.SendAsync(1, "queue.delete", ("queue", "q"));

        var told = await TakeAsync(events, 2);
        Assert.Equal(("c", true), told[0] is BrokerEvent.ConsumerCanceled canceled ? (canceled.Tag, canceled.IsByBroker) : default);
        Assert.Equal(new BrokerEvent.QueueDeleted("/", "q"), Timeless(told[1]));
    }

    [Fact]
    public async Task A_channel_that_broke_a_rule_is_told_with_the_text_its_client_got()
    {
        await using var client = await OpenAsync();
        var events = _broker.ReadEventsAsync(Token);

        await client.ChannelRefusesAsync(1, 404, "NOT_FOUND - no queue 'q' in vhost '/'", "queue.declare", ("queue", "q"), ("passive", true));

        Assert.Equal((1, "NOT_FOUND - no queue 'q' in vhost '/'"), (await TakeAsync(events, 1))[0] is BrokerEvent.ChannelClosed closed ? (closed.Channel, closed.Reason) : default);
    }

    [Theory]
    [InlineData("hang up", "the client hung up")]
    [InlineData("drop", "dropped by the fault switch")]
    [InlineData("force", "CONNECTION_FORCED - maintenance")]
    [InlineData("error", "")]
    public async Task The_end_of_a_connection_is_told_with_its_reason(string how, string reason)
    {
        await using var client = await OpenAsync();
        var events = _broker.ReadEventsAsync(Token);

        switch (how)
        {
            case "hang up":
                await client.DisposeAsync();
                break;
            case "drop":
                Assert.Equal(1, _broker.Faults.DropConnections());
                break;
            case "force":
                _broker.Faults.CloseConnections(reason: "maintenance");
                await client.ExpectConnectionCloseAsync(320, reason, null);
                break;
            default:
                // Whatever the words are: they are those the client got.
                await client.SendAsync(1, "basic.qos", ("prefetch-size", 1U));
                reason = (await client.ExpectAsync(0, "connection.close")).Text("reply-text");
                await client.SendAsync(0, "connection.close-ok");
                break;
        }

        var told = await TakeAsync(events, 2);
        Assert.Equal($"its connection is over: {reason}", Assert.IsType<BrokerEvent.ChannelClosed>(told[0]).Reason);
        Assert.Equal(reason, Assert.IsType<BrokerEvent.ConnectionClosed>(told[1]).Reason);
    }

    [Fact]
    public async Task A_client_that_misses_its_heartbeats_is_told_as_that()
    {
        var events = _broker.ReadEventsAsync(Token);
        await using var client = await RawAmqpClient.OpenAsync(_broker.Url + "%2F", new() { Heartbeat = 10 });

        // In steps, since each half of the interval is looked at.
        await _clock.WaitForTimersAsync(cancellationToken: Token);
        for (var i = 0; i < 30; i++)
            _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("the client missed its heartbeats", Assert.IsType<BrokerEvent.ConnectionClosed>((await TakeAsync(events, 2))[1]).Reason);
    }

    [Fact]
    public async Task Alarms_are_told_when_the_first_raises_and_the_last_clears_them()
    {
        var events = _broker.ReadEventsAsync(Token);

        using (_broker.Faults.RaiseDiskAlarm())
        {
            using (_broker.Faults.RaiseDiskAlarm())
                _broker.Faults.SetMemoryAlarm(true);
            _broker.Faults.SetMemoryAlarm(false);
        }

        Assert.Equal(
            [
                new BrokerEvent.AlarmRaised("disk"), new BrokerEvent.AlarmRaised("memory"), new BrokerEvent.AlarmCleared("memory"),
                new BrokerEvent.AlarmCleared("disk"),
            ],
            (await TakeAsync(events, 4)).Select(Timeless));
    }

    [Fact]
    public async Task A_slow_reader_is_told_how_many_it_has_missed_and_gets_the_latest()
    {
        const int Kept = Broker.Diagnostics.EventReader.Capacity;
        var events = _broker.ReadEventsAsync(Token);
        for (var i = 0; i < Kept / 2; i++)
            _broker.Faults.RaiseDiskAlarm().Dispose();
        _broker.Faults.SetMemoryAlarm(true);
        _broker.Faults.SetMemoryAlarm(false);
        _broker.Faults.SetMemoryAlarm(true);

        var told = await TakeAsync(events, Kept + 1);

        Assert.Equal(3, Assert.IsType<BrokerEvent.EventsDropped>(told[0]).Count);
        Assert.Equal(new BrokerEvent.AlarmCleared("disk"), Timeless(told[1]));
        Assert.Equal(new BrokerEvent.AlarmRaised("memory"), Timeless(told[^1]));
        Assert.DoesNotContain(told.Skip(1), happened => happened is BrokerEvent.EventsDropped);
    }

    [Fact]
    public async Task Each_reader_gets_what_happens_from_its_call_on()
    {
        var early = _broker.ReadEventsAsync(Token);
        _broker.Faults.SetMemoryAlarm(true);
        var late = _broker.ReadEventsAsync(Token);
        _broker.Faults.SetMemoryAlarm(false);

        Assert.IsType<BrokerEvent.AlarmRaised>((await TakeAsync(early, 2))[0]);
        Assert.IsType<BrokerEvent.AlarmCleared>((await TakeAsync(late, 1))[0]);
    }

    [Fact]
    public async Task Reading_ends_when_the_broker_has_stopped()
    {
        await using var client = await OpenAsync();
        var events = _broker.ReadEventsAsync(Token);
        var reading = Task.Run(async () =>
        {
            var told = new List<BrokerEvent>();
            await foreach (var happened in events)
                told.Add(happened);
            return told;
        });
        var stopping = _broker.StopAsync(Token);
        await client.ExpectAsync(0, "connection.close");
        await client.SendAsync(0, "connection.close-ok");
        await stopping;

        Assert.IsType<BrokerEvent.ConnectionClosed>((await reading)[^1]);
        Assert.Empty(await ToListAsync(_broker.ReadEventsAsync(Token)));
    }

    [Fact]
    public async Task Reading_ends_with_its_token()
    {
        using var enough = new CancellationTokenSource();
        var events = _broker.ReadEventsAsync(enough.Token);
        await enough.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TakeAsync(events, 1));
    }

    [Fact]
    public async Task Nobody_is_told_once_the_last_reader_has_left()
    {
        var readers = new Broker.Diagnostics.EventReaders(_clock);
        using var enough = new CancellationTokenSource();
        Assert.Null(readers.Listening);
        _ = readers.Read(enough.Token);
        var enumerated = readers.Read(Token);
        Assert.NotNull(readers.Listening);

        await enough.CancelAsync();
        readers.Tell(new BrokerEvent.AlarmRaised("disk"));
        await TakeAsync(enumerated, 1);

        Assert.Null(readers.Listening);
    }

    private static async Task<List<BrokerEvent>> TakeAsync(IAsyncEnumerable<BrokerEvent> events, int count)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        using var link = patience.Token.Register(giveUp.Cancel);
        var taken = new List<BrokerEvent>();
        await foreach (var happened in events.WithCancellation(giveUp.Token))
        {
            taken.Add(happened);
            if (taken.Count == count)
                break;
        }

        return taken;
    }

    private static async Task<List<BrokerEvent>> ToListAsync(IAsyncEnumerable<BrokerEvent> events)
    {
        var all = new List<BrokerEvent>();
        await foreach (var happened in events)
            all.Add(happened);
        return all;
    }

    // When it happened is another question.
    private static BrokerEvent Timeless(BrokerEvent happened) => happened with { At = default };

    private async Task<RawAmqpClient> OpenAsync()
    {
        var client = await RawAmqpClient.OpenAsync(_broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        return client;
    }
}
