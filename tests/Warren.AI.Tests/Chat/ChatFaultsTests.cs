using System.Net;
using Microsoft.Extensions.AI;
using Warren.Jobs;
using Warren.TestKit;

namespace Warren.AI.Tests.Chat;

/// <summary>Each way of an endpoint to fail, over HTTP, and what becomes of it. Each is one request: the job retries, not the client.</summary>
public class ChatFaultsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(429, "llm.throttled", FailureCause.Throttled)]
    [InlineData(503, "llm.throttled", FailureCause.Throttled)]
    [InlineData(500, "llm.unavailable", FailureCause.Error)]
    [InlineData(502, "llm.unavailable", FailureCause.Error)]
    [InlineData(504, "llm.unavailable", FailureCause.Error)]
    [InlineData(529, "llm.unavailable", FailureCause.Error)]
    [InlineData(408, "llm.timeout", FailureCause.Timeout)]
    [InlineData(400, "llm.refused", FailureCause.Invalid)]
    [InlineData(404, "llm.refused", FailureCause.Invalid)]
    [InlineData(413, "llm.refused", FailureCause.Invalid)]
    [InlineData(422, "llm.refused", FailureCause.Invalid)]
    [InlineData(307, "llm.refused", FailureCause.Invalid)]
    [InlineData(401, "llm.unauthorized", FailureCause.Invalid)]
    [InlineData(403, "llm.unauthorized", FailureCause.Invalid)]
    public async Task A_status_has_a_code_and_a_cause(int status, string code, FailureCause cause)
    {
        await using var endpoint = await Endpoint.StartAsync(OpenAiAnswer.Error(status, $"The key {Endpoint.Key} is\nnot enough."));

        var failure = await FailAsync(endpoint);

        Assert.Equal((code, cause, null), (failure.Code, failure.Cause, failure.RetryAfter));
        Assert.Contains($"{endpoint.Server.Url.Authority} answered {status}", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-secret", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal(code != "llm.unauthorized", failure.Message.Contains("It says: The key *** is not enough.", StringComparison.Ordinal));
        Assert.Single(endpoint.Server.Requests.Items);
    }

    [Theory]
    [InlineData(429, "17", 17)]
    [InlineData(503, "2.5", 2.5)]
    [InlineData(429, "86400", 3600)]
    public async Task A_pause_that_was_asked_for_is_kept(int status, string header, double seconds)
    {
        await using var endpoint = await Endpoint.StartAsync(OpenAiAnswer.Error(status, retryAfter: header));

        var failure = await FailAsync(endpoint);

        Assert.Equal((FailureCause.Throttled, TimeSpan.FromSeconds(seconds)), (failure.Cause, failure.RetryAfter));
    }

    [Theory]
    [InlineData("<html>It works!</html>", "bytes that are no JSON")]
    [InlineData("", "0 bytes that are no JSON")]
    [InlineData("[]", "JSON that is no object but Array")]
    [InlineData("null", "JSON that is no object but Null")]
    [InlineData("""{"id":"chatcmpl-1","choi""", "bytes that are no JSON")]
    [InlineData("""{"answer":42}""", "neither 'choices' nor 'usage'")]
    [InlineData("""{"error":{"message":"No such thing."}}""", "an error instead (No such thing.)")]
    [InlineData("""{"error":"No such thing."}""", "an error instead (No such thing.)")]
    public async Task Garbage_is_a_bad_answer(string body, string expected)
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Body(body));

        var failure = await FailAsync(endpoint);

        Assert.Equal(("llm.bad_answer", FailureCause.Error), (failure.Code, failure.Cause));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read_to_its_end()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Body(new string(' ', 17 * 1024 * 1024)));

        var failure = await FailAsync(endpoint);

        Assert.Equal("llm.bad_answer", failure.Code);
        Assert.Contains("more than 16,777,216 bytes", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("<html>Too many.</html>")]
    [InlineData("{\"error\":{\"message\":7}}")]
    [InlineData("{\"error\":null}")]
    [InlineData("[1]")]
    public async Task A_status_counts_whatever_is_said_to_it(string body)
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Body(body, 429, Headers: new Dictionary<string, string> { ["retry-after-ms"] = "1500" }));

        var failure = await FailAsync(endpoint);

        Assert.Equal(("llm.throttled", TimeSpan.FromSeconds(1.5)), (failure.Code, failure.RetryAfter));
        Assert.EndsWith("come again in 1.5 s.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_sentence_is_cut()
    {
        await using var endpoint = await Endpoint.StartAsync(OpenAiAnswer.Error(500, string.Concat(Enumerable.Repeat("😀", 50_000))));

        var failure = await FailAsync(endpoint);

        Assert.Equal("llm.unavailable", failure.Code);
        Assert.InRange(failure.Message.Length, 50, 700);
    }

    [Fact]
    public async Task A_cut_sentence_does_not_hide_the_status()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Cut("""{"error":{"message":"Too""", 429));

        Assert.Equal("llm.throttled", (await FailAsync(endpoint)).Code);
    }

    [Fact]
    public async Task An_error_in_a_success_has_the_code_of_its_status()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Body("""{"error":{"code":429,"message":"Too many."}}"""));

        Assert.Equal("llm.throttled", (await FailAsync(endpoint)).Code);
    }

    [Fact]
    public async Task A_late_answer_is_a_timeout()
    {
        await using var endpoint = await Endpoint.StartAsync(options => options.Timeout = TimeSpan.FromMilliseconds(200), new OpenAiAnswer.Never());

        var failure = await FailAsync(endpoint);

        Assert.Equal(("llm.timeout", FailureCause.Timeout), (failure.Code, failure.Cause));
        Assert.Contains("within 00:00:00.2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cut_answer_is_a_failure_that_passes()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Cut("""{"choices":"""));

        var failure = await FailAsync(endpoint);

        Assert.Equal(("llm.unavailable", FailureCause.Error), (failure.Code, failure.Cause));
    }

    [Fact]
    public async Task A_closed_connection_is_a_failure_that_passes()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Closed());

        var failure = await FailAsync(endpoint);

        Assert.Equal(("llm.unavailable", FailureCause.Error), (failure.Code, failure.Cause));
        Assert.Contains("could not be reached, or closed the connection", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_is_not_there_is_a_failure_that_passes()
    {
        await using var endpoint = await Endpoint.StartAsync();
        await endpoint.Server.DisposeAsync();

        var failure = await FailAsync(endpoint);

        Assert.Equal(("llm.unavailable", FailureCause.Error), (failure.Code, failure.Cause));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var elsewhere = await OpenAiServer.StartAsync();
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Body(
            "", (int)HttpStatusCode.TemporaryRedirect, Headers: new Dictionary<string, string> { ["Location"] = elsewhere.Url + "/chat/completions" }));

        Assert.Equal("llm.refused", (await FailAsync(endpoint)).Code);
        Assert.Empty(elsewhere.Requests.Items);
    }

    [Theory]
    [InlineData("data: {\"choices\":[]}\n\n", "llm.unavailable")]
    [InlineData("data: nonsense\n\n", "llm.bad_answer")]
    [InlineData("data: {\"error\":{\"code\":429,\"message\":\"Too many.\"}}\n\n", "llm.throttled")]
    [InlineData("", "llm.unavailable")]
    public async Task A_stream_that_ends_badly_fails(string body, string code)
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Body(body, ContentType: "text/event-stream"));

        var failure = await Assert.ThrowsAsync<JobFailedException>(async () =>
        {
            await foreach (var _ in endpoint.Client.GetStreamingResponseAsync("Hello", cancellationToken: Stop))
            {
            }
        });

        Assert.Equal(code, failure.Code);
    }

    [Fact]
    public async Task A_stream_that_is_refused_fails_as_any_call()
    {
        await using var endpoint = await Endpoint.StartAsync(OpenAiAnswer.Error(429, retryAfter: "3"));

        var failure = await Assert.ThrowsAsync<JobFailedException>(() => endpoint.Client.GetStreamingResponseAsync("Hello", cancellationToken: Stop).ToChatResponseAsync(Stop));

        Assert.Equal(("llm.throttled", TimeSpan.FromSeconds(3)), (failure.Code, failure.RetryAfter));
    }

    private static Task<JobFailedException> FailAsync(Endpoint endpoint) =>
        Assert.ThrowsAsync<JobFailedException>(() => endpoint.Client.GetResponseAsync("Hello", cancellationToken: Stop));
}
