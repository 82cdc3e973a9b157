using System.Net;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.TestKit;

namespace Warren.Server.Tests;

/// <summary>The event stream of a job: each event once and in order, over reconnects and restarts.</summary>
public class EventStreamTests
{
    [Fact]
    public async Task A_stream_has_every_event_and_ends_with_the_job()
    {
        await using var house = await ServerHouse.StartAsync();
        var worker = await house.PlayAsync("text.stats");
        var id = await SubmitAsync(house);
        var watching = ReadAsync(house.WatchAsync(id));

        var attempt = await worker.BeginAsync();
        await worker.ProgressAsync(attempt, 50);
        await worker.SucceedAsync(attempt, """{"words": 1}""");

        var events = await watching;
        Assert.Equal(["1 queued", "2 started", "3 progress", "4 succeeded"], events.Select(one => $"{one.Id} {one.Type}"));
        Assert.All(events, one => Assert.Equal(one.Id, one.Data.GetProperty("number").GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(50, events[2].Data.GetProperty("progress").GetDouble());
        Assert.Equal(1, events[3].Data.GetProperty("result").GetProperty("words").GetInt32());
    }

    [Fact]
    public async Task A_client_that_comes_back_gets_what_it_has_not_had()
    {
        await using var house = await ServerHouse.StartAsync();
        var worker = await house.PlayAsync("text.stats");
        var id = await SubmitAsync(house);
        var attempt = await worker.BeginAsync();
        await worker.ProgressAsync(attempt, 10);
        await foreach (var one in house.WatchAsync(id))
        {
            // It goes away in the middle of the stream.
            if (one.Id == "2")
                break;
        }
        await worker.SucceedAsync(attempt);

        var after = await ReadAsync(house.WatchAsync(id, after: "2"));
        Assert.Equal(["3", "4"], after.Select(one => one.Id));
        Assert.Equal(["4"], (await ReadAsync(house.WatchAsync(id, query: "?after=3"))).Select(one => one.Id));
        // The header is newer than the query that the page began with.
        Assert.Equal(["4"], (await ReadAsync(house.WatchAsync(id, after: "3", query: "?after=1"))).Select(one => one.Id));
    }

    [Fact]
    public async Task A_client_that_has_it_all_is_told_not_to_come_back()
    {
        await using var house = await ServerHouse.StartAsync();
        var worker = await house.PlayAsync("text.stats");
        var id = await SubmitAsync(house);
        await worker.SucceedAsync(await worker.BeginAsync());
        await ReadAsync(house.WatchAsync(id));

        using var response = await house.GetAsync($"v1/jobs/{id}/events", ("Last-Event-ID", "3"));

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    [Fact]
    public async Task A_restart_of_the_server_leaves_no_gap_and_no_double()
    {
        await using var house = await ServerHouse.StartAsync();
        var worker = await house.PlayAsync("text.stats");
        var id = await SubmitAsync(house);
        var attempt = await worker.BeginAsync();
        await worker.ProgressAsync(attempt, 10);
        var seen = new Arrivals<string>();
        var watching = WatchOverRestartsAsync(house, id, seen);
        await seen.WaitForAsync(3);

        await house.StopAppAsync();
        await worker.ProgressAsync(attempt, 20);
        await house.StartAppAsync();
        await worker.ProgressAsync(attempt, 30);
        await worker.SucceedAsync(attempt);

        await watching;
        Assert.Equal(["1 queued", "2 started", "3 progress", "4 progress", "5 progress", "6 succeeded"], seen.Items);
    }

    [Fact]
    public async Task A_quiet_stream_says_that_it_lives()
    {
        await using var house = await ServerHouse.StartAsync(options => options.StreamHeartbeat = TimeSpan.FromMilliseconds(50));
        await house.PlayAsync("text.stats");
        var id = await SubmitAsync(house);
        using var response = await house.GetAsync($"v1/jobs/{id}/events");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var lines = new List<string>();
        while (lines.Count(line => line == ":") < 3)
            lines.Add(await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) ?? throw new EndOfStreamException(string.Join('\n', lines)));

        Assert.Contains("id: 1", lines);
    }

    [Fact]
    public async Task A_thousand_watchers_cost_the_store_about_as_much_as_one()
    {
        const int Watchers = 1000;
        const int Steps = 20;
        var calls = new CallCounter();
        await using var house = await ServerHouse.StartAsync(services: services => Count(services, calls));
        var worker = await house.PlayAsync("text.stats");
        var id = await SubmitAsync(house);
        var attempt = await worker.BeginAsync();
        var begun = new Arrivals<int>();
        var watchers = Enumerable.Range(0, Watchers).Select(async _ =>
        {
            var numbers = new List<string>();
            await foreach (var one in house.WatchAsync(id))
            {
                numbers.Add(one.Id);
                if (numbers.Count == 2)
                    begun.Add(1);
            }
            return numbers;
        }).ToList();
        await begun.WaitForAsync(Watchers, TimeSpan.FromSeconds(60));
        var before = calls.Of(nameof(IJobStore.ReadEventsAsync));

        for (var step = 1; step <= Steps; step++)
            await worker.ProgressAsync(attempt, step);
        await worker.SucceedAsync(attempt);

        var expected = Enumerable.Range(1, Steps + 3).Select(number => $"{number}").ToList();
        Assert.All(await Task.WhenAll(watchers), numbers => Assert.Equal(expected, numbers));
        // A read for each piece of news, or a few; not one for each watcher.
        Assert.InRange(calls.Of(nameof(IJobStore.ReadEventsAsync)) - before, 1, 10 * (Steps + 1));
    }

    [Fact]
    public async Task More_streams_than_may_be_are_refused()
    {
        await using var house = await ServerHouse.StartAsync(options => options.MaxStreams = 1);
        await house.PlayAsync("text.stats");
        var id = await SubmitAsync(house);
        using var first = await house.GetAsync($"v1/jobs/{id}/events");
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);

        await ServerHouse.ProblemAsync(await house.GetAsync($"v1/jobs/{id}/events"), 503, "too_many_streams");
        first.Dispose();

        await Eventually.ThatAsync(
            async () =>
            {
                using var again = await house.GetAsync($"v1/jobs/{id}/events");
                return again.StatusCode == HttpStatusCode.OK;
            },
            "there is room again");
    }

    [Theory]
    [InlineData("?after=-1", null)]
    [InlineData("?after=x", null)]
    [InlineData("", "1.5")]
    [InlineData("?from=1", null)]
    public async Task What_is_no_number_is_refused(string query, string? header)
    {
        await using var house = await ServerHouse.StartAsync();

        await ServerHouse.ProblemAsync(
            await house.GetAsync($"v1/jobs/{JobId.New()}/events{query}", header is null ? [] : [("Last-Event-ID", header)]), 400, "invalid_request");
    }

    private static async Task WatchOverRestartsAsync(ServerHouse house, string id, Arrivals<string> seen)
    {
        string? last = null;
        for (var ended = false; !ended;)
        {
            try
            {
                await foreach (var (number, type, _) in house.WatchAsync(id, last))
                {
                    last = number;
                    ended = type == "succeeded";
                    seen.Add($"{number} {type}");
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException or ObjectDisposedException or OperationCanceledException)
            {
                // The server is away; it comes back.
            }
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    private static async Task<string> SubmitAsync(ServerHouse house) => (await house.SubmitAsync()).GetProperty("id").GetString()!;

    private static async Task<List<(string Id, string Type, System.Text.Json.JsonElement Data)>> ReadAsync(IAsyncEnumerable<(string, string, System.Text.Json.JsonElement)> events)
    {
        var all = new List<(string, string, System.Text.Json.JsonElement)>();
        await foreach (var one in events)
            all.Add(one);
        return all;
    }

    private static void Count(IServiceCollection services, CallCounter calls)
    {
        var real = services.Last(service => service.ServiceType == typeof(IJobStore));
        services.AddSingleton(provider => calls.Around((IJobStore)real.ImplementationFactory!(provider)));
    }

    /// <summary>Counts what the real store is asked.</summary>
    internal sealed class CallCounter
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _calls = new();

        public int Of(string member) => _calls.GetValueOrDefault(member);

        public IJobStore Around(IJobStore store)
        {
            var proxy = DispatchProxy.Create<IJobStore, Counting>();
            ((Counting)(object)proxy).Begin(store, member => _calls.AddOrUpdate(member, 1, (_, count) => count + 1));
            return proxy;
        }
    }

    public class Counting : DispatchProxy
    {
        private IJobStore? _store;
        private Action<string>? _onCall;

        internal void Begin(IJobStore store, Action<string> onCall) => (_store, _onCall) = (store, onCall);

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            _onCall!(targetMethod!.Name);
            return targetMethod.Invoke(_store, args);
        }
    }
}
