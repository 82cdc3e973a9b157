using System.Net;
using System.Text;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Server.Tests;

/// <summary>Queues and dead letters over HTTP.</summary>
public class QueueApiTests : IAsyncLifetime
{
    private ServerHouse _house = null!;

    public async ValueTask InitializeAsync() => _house = await ServerHouse.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _house.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_list_has_Warrens_queues_and_those_of_kinds()
    {
        await _house.PlayAsync("text.stats");

        var queues = (await _house.GetJsonAsync("v1/queues")).GetProperty("queues").EnumerateArray().ToDictionary(queue => queue.GetProperty("name").GetString()!);

        Assert.Equal(["warren.submit", "warren.requests", "warren.claims", "warren.fold", "warren.jobs.text.stats"], queues.Keys);
        Assert.Equal(1, queues["warren.jobs.text.stats"].GetProperty("consumers").GetInt64());
        Assert.Equal(0, queues["warren.jobs.text.stats"].GetProperty("dead_letters").GetInt64());
        Assert.False(queues["warren.claims"].TryGetProperty("dead_letters", out _));
    }

    [Fact]
    public async Task A_queue_is_declared_moved_and_purged()
    {
        await DeclareAsync("""{"name": "a/b c"}""");
        await DeclareAsync("""{"name": "other", "type": "classic"}""");
        for (var i = 0; i < 20; i++)
            await _house.Bus.SendAsync("a/b c", i);
        var path = "v1/queues/a%2Fb%20c";

        Assert.Equal(20, await MessagesAsync(path));
        Assert.Equal(20, await ChangeAsync($"{path}/move", """{"to": "other", "dry_run": true}"""));
        Assert.Equal(20, await MessagesAsync(path));
        Assert.Equal(5, await ChangeAsync($"{path}/move", """{"to": "other", "limit": 5}"""));
        Assert.Equal(15, await MessagesAsync(path));
        Assert.Equal(15, await ChangeAsync($"{path}/move", """{"to": "other"}"""));
        var arrived = new Arrivals<int>();
        await using (await _house.Bus.ReceiveAsync<int>("other", (number, _, _) =>
        {
            arrived.Add(number);
            return Task.CompletedTask;
        }, new ReceiveOptions { DeclareQueue = false, Concurrency = 1 }))
        {
            Assert.Equal(Enumerable.Range(0, 20), await arrived.WaitForAsync(20));
        }

        await _house.Bus.SendAsync("a/b c", 1);
        Assert.Equal(1, await ChangeAsync($"{path}/purge", """{"dry_run": true}"""));
        Assert.Equal(1, await MessagesAsync(path));
        Assert.Equal(1, await ChangeAsync($"{path}/purge", "{}"));
        Assert.Equal(0, await MessagesAsync(path));

        var audit = await _house.Coordinator.Store.ListAuditAsync(10, default);
        Assert.Equal(["queue.purge", "queue.move", "queue.move", "queue.declare", "queue.declare"], audit.Select(entry => entry.Action));
    }

    [Theory]
    [InlineData("GET", "v1/queues/none", null, 404, "queue_not_found")]
    [InlineData("POST", "v1/queues/none/purge", "{}", 404, "queue_not_found")]
    [InlineData("POST", "v1/queues/none/move", """{"to": "warren.fold"}""", 404, "queue_not_found")]
    [InlineData("POST", "v1/queues/warren.fold/move", """{"to": "none"}""", 404, "queue_not_found")]
    [InlineData("POST", "v1/queues/warren.fold/move", """{"to": "warren.fold"}""", 400, "invalid_request")]
    [InlineData("POST", "v1/queues/warren.fold/move", """{"to": "warren.submit", "limit": 0}""", 400, "invalid_request")]
    [InlineData("POST", "v1/queues/warren.fold/move", "{}", 400, "invalid_request")]
    [InlineData("POST", "v1/queues", "{}", 400, "invalid_request")]
    [InlineData("POST", "v1/queues", """{"name": "amq.mine"}""", 400, "invalid_request")]
    [InlineData("POST", "v1/queues", """{"name": "q", "type": "stream"}""", 400, "invalid_request")]
    [InlineData("POST", "v1/queues", """{"name": "warren.fold", "type": "classic"}""", 409, "queue_conflict")]
    [InlineData("GET", "v1/dead-letters/x?queue=none", null, 404, "dead_letter_not_found")]
    [InlineData("GET", "v1/dead-letters/x", null, 400, "invalid_request")]
    [InlineData("GET", "v1/dead-letters?limit=0&queue=none", null, 400, "invalid_request")]
    [InlineData("POST", "v1/dead-letters/replay", "{}", 400, "invalid_request")]
    [InlineData("POST", "v1/dead-letters/purge", """{"queue": "q", "message_ids": []}""", 400, "invalid_request")]
    public async Task What_cannot_be_done_is_refused(string method, string path, string? body, int status, string code) =>
        await ServerHouse.ProblemAsync(await _house.SendAsync(new(method), path, body), status, code);

    [Fact]
    public async Task Dead_letters_are_shown_replayed_and_purged()
    {
        // A submit without a reply address that cannot be read is given up by the coordinator.
        foreach (var id in (string[])["one", "two", "three"])
            await _house.Bus.SendAsync("warren.submit", Encoding.UTF8.GetBytes($"not json, {id}"), new() { MessageId = id });
        await Eventually.GetAsync(
            () => _house.GetJsonAsync("v1/dead-letters?queue=warren.submit"), list => list.GetProperty("dead_letters").GetArrayLength() == 3, "there are three dead letters");

        var overview = await _house.GetJsonAsync("v1/dead-letters");
        Assert.Equal("warren.submit", Assert.Single(overview.GetProperty("queues").EnumerateArray()).GetProperty("name").GetString());
        var letter = await _house.GetJsonAsync("v1/dead-letters/two?queue=warren.submit");
        Assert.Equal("not json, two", letter.GetProperty("body").GetString());
        Assert.Equal("rejected", letter.GetProperty("reason").GetString());

        Assert.Equal(1, await ChangeAsync("v1/dead-letters/purge", """{"queue": "warren.submit", "message_ids": ["one"], "dry_run": true}"""));
        Assert.Equal(1, await ChangeAsync("v1/dead-letters/purge", """{"queue": "warren.submit", "message_ids": ["one"]}"""));
        Assert.Equal(2, await ChangeAsync("v1/dead-letters/replay", """{"queue": "warren.submit", "reason": "rejected"}"""));
        // They fail again, since nobody has repaired them.
        await Eventually.GetAsync(
            () => _house.GetJsonAsync("v1/dead-letters?queue=warren.submit"), list => list.GetProperty("dead_letters").GetArrayLength() == 2, "there are two dead letters again");
        Assert.Equal(2, await ChangeAsync("v1/dead-letters/replay", """{"queue": "warren.submit", "dry_run": true}"""));
        Assert.Equal(2, await ChangeAsync("v1/dead-letters/purge", """{"queue": "warren.submit"}"""));
    }

    private async Task DeclareAsync(string body)
    {
        using var response = await _house.PostAsync("v1/queues", body);
        await ServerHouse.JsonAsync(response, HttpStatusCode.Created);
    }

    private async Task<long> MessagesAsync(string path) => (await _house.GetJsonAsync(path)).GetProperty("messages").GetInt64();

    private async Task<long> ChangeAsync(string path, string body)
    {
        using var response = await _house.PostAsync(path, body);
        return (await ServerHouse.JsonAsync(response)).GetProperty("messages").GetInt64();
    }
}
