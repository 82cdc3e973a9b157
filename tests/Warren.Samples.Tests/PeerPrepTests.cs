using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Samples.Tests;

[Trait("Category", "Service")]
public class PeerPrepTests(RabbitMqFixture rabbit)
{
    private static async Task<int> AddUserAsync(SampleProgram users, string name)
    {
        var response = await users.Http.PostAsJsonAsync("users", new { username = name, email = $"{name}@example.org", language = "C#" });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("userId").GetInt32();
    }

    private static async Task ConsumesAsync(string url, string queue)
    {
        await using var bus = await MessageBus.ConnectAsync(url);
        await Eventually.ThatAsync(
            async () => await bus.Queues.ExistsAsync(queue) && (await bus.Queues.InfoAsync(queue)).ConsumerCount == 1, $"{queue} has its consumer");
    }

    private static async Task<SampleProgram> StartUsersAsync(string url)
    {
        var users = await SampleProgram.StartAsync("UserService", url);
        await ConsumesAsync(url, "user.profile.get");
        return users;
    }

    private static async Task<SampleProgram> StartMatchingAsync(string url)
    {
        var matching = await SampleProgram.StartAsync("MatchingService", url);
        await ConsumesAsync(url, "matching.user_events");
        return matching;
    }

    private static async Task CandidatesAsync(SampleProgram matching, params int[] ids) => await Eventually.PassesAsync(
        async () => Assert.Equal(ids, await matching.Http.GetFromJsonAsync<int[]>("candidates")), $"the candidates are {string.Join(", ", ids)}");

    // A program that has seen a message may not have acknowledged it.
    private async Task SettledAsync(string url)
    {
        var broker = await rabbit.ControlAsync();
        var virtualHost = Uri.UnescapeDataString(new Uri(url).AbsolutePath[1..]);
        await Eventually.ThatAsync(
            async () => (await broker.ListQueuesAsync(virtualHost)).All(queue => queue.Unacknowledged == 0), "all deliveries are acknowledged");
    }

    [Fact]
    public async Task Users_are_announced_matched_and_asked_for_even_if_a_service_was_killed_meanwhile()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var users = await StartUsersAsync(url);
        var matching = await StartMatchingAsync(url);
        var ada = await AddUserAsync(users, "ada");
        await CandidatesAsync(matching, ada);
        await SettledAsync(url);

        await matching.KillAsync();
        await matching.DisposeAsync();
        var bob = await AddUserAsync(users, "bob");
        await using var again = await StartMatchingAsync(url);

        // Bob's event waited in the queue; what was acknowledged before is not sent again.
        await CandidatesAsync(again, bob);
        var match = await again.Http.PostAsJsonAsync("matches", new { userId = ada });
        Assert.Equal(HttpStatusCode.OK, match.StatusCode);
        var partner = (await match.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("partner");
        Assert.Equal((bob, "bob", "C#"), (
            partner.GetProperty("userId").GetInt32(), partner.GetProperty("username").GetString(), partner.GetProperty("language").GetString()));
        Assert.Equal(HttpStatusCode.Conflict, (await again.Http.PostAsJsonAsync("matches", new { userId = bob })).StatusCode);
    }

    [Fact]
    public async Task A_profile_that_the_user_service_lost_is_told_as_its_error()
    {
        var url = await rabbit.NewVirtualHostAsync();
        var users = await StartUsersAsync(url);
        await using var matching = await StartMatchingAsync(url);
        var ada = await AddUserAsync(users, "ada");
        await CandidatesAsync(matching, ada);

        // Its users are in memory, so the one that comes back knows nobody.
        await users.KillAsync();
        await users.DisposeAsync();
        await using var again = await StartUsersAsync(url);

        var match = await matching.Http.PostAsJsonAsync("matches", new { userId = ada + 1 });
        Assert.Equal(HttpStatusCode.NotFound, match.StatusCode);
        Assert.Contains($"There is no user {ada}.", await match.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_reaches_the_browsers_of_its_session_and_no_other()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var collaboration = await SampleProgram.StartAsync("CollaborationService", url);
        var seven = new Arrivals<string>();
        var eight = new Arrivals<string>();
        using var stop = new CancellationTokenSource();
        var watching = Task.WhenAll(WatchAsync(collaboration, "seven", seven, stop.Token), WatchAsync(collaboration, "eight", eight, stop.Token));

        // A live reader sees what is published from the moment it is there.
        await Eventually.ThatAsync(
            async () =>
            {
                await ChangeAsync(collaboration, "seven", "first");
                await ChangeAsync(collaboration, "eight", "first");
                return seven.Items.Count > 0 && eight.Items.Count > 0;
            },
            "both browsers see something");
        await ChangeAsync(collaboration, "seven", "+ last line\n\"ü\"");
        await Eventually.ThatAsync(() => seven.Items.Any(data => data.Contains("last line", StringComparison.Ordinal)), "the last change is seen");

        var update = JsonDocument.Parse(seven.Items[^1]).RootElement;
        Assert.Equal(("seven", 1, "+ last line\n\"ü\""), (
            update.GetProperty("sessionId").GetString(), update.GetProperty("userId").GetInt32(), update.GetProperty("codeDelta").GetString()));
        Assert.All(eight.Items, data => Assert.Equal("eight", JsonDocument.Parse(data).RootElement.GetProperty("sessionId").GetString()));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("%23")]
    [InlineData("a.b")]
    [InlineData("a%20b")]
    public async Task An_id_that_would_be_a_pattern_is_refused(string id)
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var collaboration = await SampleProgram.StartAsync("CollaborationService", url);

        var updates = await collaboration.Http.GetAsync(new Uri($"sessions/{id}/updates", UriKind.Relative));
        var change = await collaboration.Http.PostAsJsonAsync($"sessions/{id}/code", new { userId = 1, codeDelta = "x" });

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (updates.StatusCode, change.StatusCode));
    }

    [Theory]
    [InlineData("UserService")]
    [InlineData("MatchingService")]
    [InlineData("CollaborationService")]
    public void A_program_has_at_most_80_lines(string name)
    {
        Assert.InRange(File.ReadAllLines(RepositoryFiles.PathOf($"samples/PeerPrep/{name}/Program.cs")).Length, 1, 80);
    }

    private static async Task ChangeAsync(SampleProgram collaboration, string session, string delta)
    {
        var response = await collaboration.Http.PostAsJsonAsync($"sessions/{session}/code", new { userId = 1, codeDelta = delta });
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    private static async Task WatchAsync(SampleProgram collaboration, string session, Arrivals<string> data, CancellationToken cancellationToken)
    {
        using var response = await collaboration.Http.GetAsync(
            new Uri($"sessions/{session}/updates", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
                data.Add(line["data: ".Length..]);
        }
    }
}
