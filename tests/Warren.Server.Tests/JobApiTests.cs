using System.Net;
using System.Text.Json;
using Warren.Jobs;

namespace Warren.Server.Tests;

/// <summary>Jobs over HTTP, as clients see them.</summary>
public class JobApiTests : IAsyncLifetime
{
    private ServerHouse _house = null!;

    public async ValueTask InitializeAsync() => _house = await ServerHouse.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _house.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_job_is_accepted_run_and_its_result_read()
    {
        var worker = await _house.PlayAsync("text.stats");

        using var accepted = await _house.PostAsync("v1/jobs/text.stats", """{"text": "hi"}""");
        var job = await ServerHouse.JsonAsync(accepted, HttpStatusCode.Accepted);
        var id = job.GetProperty("id").GetString();
        Assert.Equal($"/v1/jobs/{id}", accepted.Headers.Location!.OriginalString);
        Assert.Equal("queued", job.GetProperty("state").GetString());
        Assert.Equal($"/v1/jobs/{id}/events", job.GetProperty("events_url").GetString());
        Assert.False(job.TryGetProperty("result_url", out _));

        await ServerHouse.ProblemAsync(await _house.GetAsync($"v1/jobs/{id}/result"), 409, "job_not_succeeded");
        await worker.SucceedAsync(await worker.BeginAsync(), """{"words": 1}""");
        var end = await UntilAsync(id!, "succeeded");
        Assert.Equal($"/v1/jobs/{id}/result", end.GetProperty("result_url").GetString());
        Assert.Equal(1, (await _house.GetJsonAsync($"v1/jobs/{id}/result")).GetProperty("words").GetInt32());
    }

    [Fact]
    public async Task A_text_that_was_cut_in_the_middle_of_a_pair_is_taken()
    {
        var worker = await _house.PlayAsync("text.stats", """{"type": "object", "properties": {"text": {"type": "string"}}}""");

        using var accepted = await _house.PostAsync("v1/jobs/text.stats", """{"text": "hi \ud83d", "\ude00": 1}""");
        var job = await ServerHouse.JsonAsync(accepted, HttpStatusCode.Accepted);
        await worker.SucceedAsync(await worker.BeginAsync());

        await UntilAsync(job.GetProperty("id").GetString()!, "succeeded");
    }

    [Fact]
    public async Task Waiting_answers_with_the_job_when_it_ends_in_time()
    {
        var worker = await _house.PlayAsync("text.stats");
        var waiting = _house.PostAsync("v1/jobs/text.stats", "{}", ("Prefer", "respond-async, wait=30"));
        await worker.SucceedAsync(await worker.BeginAsync());

        using var response = await waiting;

        Assert.Equal("succeeded", (await ServerHouse.JsonAsync(response)).GetProperty("state").GetString());
        Assert.Equal("wait=30", Assert.Single(response.Headers.GetValues("Preference-Applied")));
    }

    [Theory]
    [InlineData("wait=0", "wait=0")]
    [InlineData("wait=0; x, wait=50", "wait=0")]
    public async Task Waiting_ends_with_202_when_the_job_does_not(string prefer, string applied)
    {
        await _house.PlayAsync("text.stats");

        using var response = await _house.PostAsync("v1/jobs/text.stats", "{}", ("Prefer", prefer));

        Assert.Equal("queued", (await ServerHouse.JsonAsync(response, HttpStatusCode.Accepted)).GetProperty("state").GetString());
        Assert.Equal(applied, Assert.Single(response.Headers.GetValues("Preference-Applied")));
    }

    [Theory]
    [InlineData("wait=soon")]
    [InlineData("wait")]
    [InlineData("wait=-1")]
    public async Task A_preference_that_cannot_be_read_is_ignored(string prefer)
    {
        await _house.PlayAsync("text.stats");

        using var response = await _house.PostAsync("v1/jobs/text.stats", "{}", ("Prefer", prefer));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.False(response.Headers.Contains("Preference-Applied"));
    }

    [Fact]
    public async Task A_submit_with_the_same_key_finds_the_first_job()
    {
        await _house.PlayAsync("text.stats");

        using var first = await _house.PostAsync("v1/jobs", """{"kind": "text.stats", "args": {"text": "a"}, "owner": "o"}""", ("Idempotency-Key", "k"));
        using var second = await _house.PostAsync("v1/jobs", """{"kind": "text.stats", "args": { "text":"a" }, "owner": "o", "idempotency_key": "k"}""");
        var other = await _house.PostAsync("v1/jobs", """{"kind": "text.stats", "args": {"text": "b"}, "owner": "o"}""", ("Idempotency-Key", "k"));

        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.True(second.Headers.Contains("Warren-Duplicate"));
        await ServerHouse.ProblemAsync(other, 422, "idempotency_mismatch");
    }

    [Fact]
    public async Task A_scheduled_job_is_canceled_and_tried_again()
    {
        await _house.PlayAsync("text.stats");
        using var accepted = await _house.PostAsync("v1/jobs", """{"kind": "text.stats", "args": {}, "run_at": "2100-01-01T00:00:00Z"}""");
        var job = await ServerHouse.JsonAsync(accepted, HttpStatusCode.Accepted);
        var id = job.GetProperty("id").GetString();
        Assert.Equal("scheduled", job.GetProperty("state").GetString());
        await ServerHouse.ProblemAsync(await _house.PostAsync($"v1/jobs/{id}/retry", "{}"), 409, "job_not_ended");

        using var canceled = await _house.PostAsync($"v1/jobs/{id}/cancel", "");
        Assert.Equal("canceled", (await ServerHouse.JsonAsync(canceled)).GetProperty("state").GetString());
        using var retried = await _house.PostAsync($"v1/jobs/{id}/retry", "{}");
        Assert.Equal("queued", (await ServerHouse.JsonAsync(retried)).GetProperty("state").GetString());

        var audit = await _house.GetJsonAsync("v1/audit");
        Assert.Equal(["job.retry", "job.cancel", "job.retry"], audit.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("action").GetString()));
        Assert.All(audit.GetProperty("entries").EnumerateArray(), entry => Assert.Equal(id, entry.GetProperty("subject").GetString()));
    }

    [Fact]
    public async Task A_list_has_filters_and_pages()
    {
        await _house.PlayAsync("text.stats");
        await _house.PlayAsync("text.other");
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
            ids.Add((await _house.SubmitAsync()).GetProperty("id").GetString()!);
        // An id holds its time to the millisecond; what came within one is in no order.
        ids.Sort(StringComparer.Ordinal);
        await _house.SubmitAsync("text.other");
        (await _house.PostAsync($"v1/jobs/{ids[0]}/cancel", "{}")).Dispose();

        using var response = await _house.GetAsync("v1/jobs?kind=text.stats&limit=2");
        var first = await ServerHouse.JsonAsync(response);
        Assert.Equal([ids[4], ids[3]], Ids(first));
        Assert.Contains("rel=\"next\"", response.Headers.GetValues("Link").Single(), StringComparison.Ordinal);
        var second = await _house.GetJsonAsync($"v1/jobs?kind=text.stats&limit=2&cursor={first.GetProperty("next").GetString()}");
        Assert.Equal([ids[2], ids[1]], Ids(second));
        var last = await _house.GetJsonAsync($"v1/jobs?kind=text.stats&limit=2&cursor={second.GetProperty("next").GetString()}");
        Assert.Equal([ids[0]], Ids(last));
        Assert.False(last.TryGetProperty("next", out _));
        Assert.Equal([ids[0]], Ids(await _house.GetJsonAsync("v1/jobs?state=canceled&state=failed")));
        Assert.Equal([ids[0]], Ids(await _house.GetJsonAsync("v1/jobs?state=canceled,failed")));
    }

    [Theory]
    [InlineData("v1/jobs?state=done", "state is 'done'")]
    [InlineData("v1/jobs?limit=0", "limit is '0'; 1 to 200 was expected")]
    [InlineData("v1/jobs?limit=many", "limit is 'many'")]
    [InlineData("v1/jobs?kid=text.stats", "'kid' is not known here")]
    [InlineData("v1/jobs?kind=a&kind=b", "'kind' is there 2 times")]
    [InlineData("v1/jobs?cursor=x", "cursor")]
    [InlineData("v1/jobs/17", "'17' is not a job id")]
    [InlineData("v1/jobs/00000000-0000-0000-0000-000000000000", "is not a job id")]
    public async Task What_a_query_gets_wrong_is_said(string path, string detail)
    {
        var problem = await ServerHouse.ProblemAsync(await _house.GetAsync(path), 400, "invalid_request");

        Assert.Contains(detail, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/result")]
    [InlineData("GET", "/events")]
    [InlineData("POST", "/cancel")]
    [InlineData("POST", "/retry")]
    public async Task A_job_that_does_not_exist_is_not_found(string method, string path) => await ServerHouse.ProblemAsync(
        await _house.SendAsync(new(method), $"v1/jobs/{JobId.New()}{path}", method == "POST" ? "{}" : null), 404, "job_not_found");

    [Theory]
    [InlineData("v1/jobs/text.stats", "{\"a\":\n tru}", 400, "invalid_json", "at line 2, byte 5")]
    [InlineData("v1/jobs/text.stats", "", 400, "invalid_json", "at line 1, byte 1")]
    [InlineData("v1/jobs", "[]", 400, "invalid_request", "")]
    [InlineData("v1/jobs", "null", 400, "invalid_request", "an object was expected")]
    [InlineData("v1/jobs", "{}", 400, "invalid_request", "kind")]
    [InlineData("v1/jobs", """{"kind": "text.stats"}""", 400, "invalid_request", "args")]
    [InlineData("v1/jobs", """{"kind": 5, "args": {}}""", 400, "invalid_request", "")]
    [InlineData("v1/jobs", """{"kind": "text.stats", "args": {}, "run_at": "soon"}""", 400, "invalid_request", "A time was expected")]
    [InlineData("v1/jobs", """{"kind": "text.stats", "args": {}, "deadline": "2001-01-01T00:00:00Z"}""", 400, "invalid_request", "deadline")]
    [InlineData("v1/jobs", """{"kind": "text.stats", "args": {}, "callback_url": "https://example.org/"}""", 400, "not_supported", "callback_url")]
    [InlineData("v1/jobs", """{"kind": "text.stats", "args": {}, "lane": "fast"}""", 422, "unknown_lane", "fast")]
    [InlineData("v1/jobs/Text%20Stats", "{}", 400, "invalid_kind", "lower-case")]
    [InlineData("v1/jobs/text.none", "{}", 422, "unknown_kind", "text.none")]
    public async Task A_submit_that_is_wrong_is_refused(string path, string body, int status, string code, string detail)
    {
        await _house.PlayAsync("text.stats");

        var problem = await ServerHouse.ProblemAsync(await _house.PostAsync(path, body), status, code);

        Assert.Contains(detail, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Args_are_checked_by_the_schema_of_their_kind()
    {
        await _house.PlayAsync("text.stats", """{"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}""");

        var problem = await ServerHouse.ProblemAsync(await _house.PostAsync("v1/jobs/text.stats", """{"text": 5}"""), 422, "invalid_args");

        Assert.Equal("/text", problem.GetProperty("pointer").GetString());
        Assert.Contains("5 was found; a text was expected", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_field_of_another_type_is_pointed_at()
    {
        var problem = await ServerHouse.ProblemAsync(await _house.PostAsync("v1/jobs", """{"kind": "text.stats", "args": {}, "owner": {"a": 1}}"""), 400, "invalid_request");

        Assert.Equal("/owner", problem.GetProperty("pointer").GetString());
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=latin1")]
    [InlineData("")]
    public async Task A_body_that_is_not_called_JSON_is_refused(string type) =>
        await ServerHouse.ProblemAsync(await _house.PostAsync("v1/jobs/text.stats", "{}", ("Content-Type", type)), 415, "unsupported_media_type");

    [Fact]
    public async Task A_body_that_is_not_UTF_8_is_refused()
    {
        using var content = new ByteArrayContent([(byte)'"', 0xff, (byte)'"']);
        content.Headers.ContentType = new("application/json");

        await ServerHouse.ProblemAsync(await _house.Http.PostAsync("v1/jobs/text.stats", content), 400, "invalid_json");
    }

    [Theory]
    [InlineData("GET", "v1/nothing", 404, "route_not_found")]
    [InlineData("GET", "", 404, "route_not_found")]
    [InlineData("PUT", "v1/jobs", 405, "method_not_allowed")]
    [InlineData("DELETE", "v1/jobs/x", 405, "method_not_allowed")]
    public async Task An_unknown_route_or_method_is_a_problem_too(string method, string path, int status, string code)
    {
        var response = await _house.SendAsync(new(method), path, null);

        if (status == 405)
            Assert.NotEmpty(response.Content.Headers.Allow);
        await ServerHouse.ProblemAsync(response, status, code);
    }

    private static IEnumerable<string?> Ids(JsonElement page) => page.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetString());

    private Task<JsonElement> UntilAsync(string id, string state) => TestKit.Eventually.GetAsync(
        () => _house.GetJsonAsync($"v1/jobs/{id}"), job => job.GetProperty("state").GetString() == state, $"the job is {state}");
}
