using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Warren.AI.Guard;
using Warren.Jobs;
using Warren.TestKit;

namespace Warren.AI.Tests.Guard;

/// <summary>Fetching recordings from real servers, some of which mean harm.</summary>
public class GuardedDownloadTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_recording_is_fetched_with_nothing_sent_along()
    {
        await using var server = await FileServer.StartAsync(context => context.Response.WriteAsync("the recording"));
        using var target = new MemoryStream();

        var bytes = await Download([server.Host]).FetchAsync(server.Url(), target, Cancellation);

        Assert.Equal((13, "the recording"), (bytes, Encoding.UTF8.GetString(target.ToArray())));
        Assert.Equal(["Accept-Encoding", "Host", "User-Agent"], server.LastHeaders!.Keys.Order());
    }

    [Fact]
    public async Task IPv6_is_fetched_from_as_well()
    {
        await using var server = await FileServer.StartAsync(context => context.Response.WriteAsync("six"), IPAddress.IPv6Loopback);
        using var target = new MemoryStream();

        Assert.Equal(3, await Download([server.Host]).FetchAsync(server.Url(), target, Cancellation));
    }

    [Fact]
    public async Task A_redirect_is_followed_to_where_the_list_allows()
    {
        await using var last = await FileServer.StartAsync(context => context.Response.WriteAsync("here"));
        await using var first = await FileServer.StartAsync(context => Redirect(context, context.Request.Path == "/a.mp3" ? "/b.mp3" : last.Url("/c.mp3")));
        using var target = new MemoryStream();

        Assert.Equal(4, await Download([first.Host, last.Host]).FetchAsync(first.Url(), target, Cancellation));
        Assert.Equal((2, 1), (first.Requests, last.Requests));
    }

    [Fact]
    public async Task A_redirect_to_a_server_that_is_not_on_the_list_does_not_reach_it()
    {
        await using var secret = await FileServer.StartAsync(context => context.Response.WriteAsync("secret"));
        await using var server = await FileServer.StartAsync(context => Redirect(context, secret.Url()));

        await FailsAsync(Download([server.Host]), server.Url(), "audio_refused", FailureCause.Invalid, "is not in Warren:Grading:AudioHosts");

        Assert.Equal(0, secret.Requests);
    }

    [Theory]
    [InlineData("http://metadata.example/latest", "169.254.169.254, which is not public")]
    [InlineData("file:///etc/passwd", "begins with file:")]
    [InlineData("http://user:secret@metadata.example/", "user name")]
    public async Task A_redirect_is_checked_as_the_first_url_was(string location, string why)
    {
        await using var server = await FileServer.StartAsync(context => Redirect(context, location));
        var guard = new AddressGuard([server.Host, "metadata.example"], (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("169.254.169.254")]));

        await FailsAsync(Download(guard), server.Url(), "audio_refused", FailureCause.Invalid, why);
    }

    [Fact]
    public async Task Redirects_without_end_are_left_after_the_fifth()
    {
        await using var server = await FileServer.StartAsync(context => Redirect(context, "/again.mp3"));

        await FailsAsync(Download([server.Host]), server.Url(), "audio_refused", FailureCause.Invalid, "more than 5 times");

        Assert.Equal(6, server.Requests);
    }

    [Fact]
    public async Task A_name_server_that_changes_its_mind_is_asked_once()
    {
        await using var server = await FileServer.StartAsync(context => context.Response.WriteAsync("the checked one"));
        var port = new Uri(server.Url()).Port;
        var asked = 0;
        // The second answer would be another host of this machine, where nothing listens.
        var guard = new AddressGuard([$"localhost:{port}"], (_, _) => Task.FromResult<IPAddress[]>([Interlocked.Increment(ref asked) == 1 ? IPAddress.Loopback : IPAddress.Parse("127.0.0.77")]));
        using var target = new MemoryStream();

        Assert.Equal(15, await Download(guard).FetchAsync($"http://localhost:{port}/a.mp3", target, Cancellation));
        Assert.Equal(1, asked);
        Assert.Equal($"localhost:{port}", server.LastHeaders!["Host"]);
    }

    [Fact]
    public async Task A_name_that_turns_private_between_two_hops_is_refused_at_the_second()
    {
        await using var server = await FileServer.StartAsync(context => Redirect(context, "/b.mp3"));
        var port = new Uri(server.Url()).Port;
        var asked = 0;
        var guard = new AddressGuard([$"localhost:{port}"], (_, _) => Task.FromResult<IPAddress[]>([Interlocked.Increment(ref asked) == 1 ? IPAddress.Loopback : IPAddress.Parse("10.0.0.1")]));

        await FailsAsync(Download(guard), $"http://localhost:{port}/a.mp3", "audio_refused", FailureCause.Invalid, "10.0.0.1, which is not public");

        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task The_next_address_is_tried_when_one_does_not_answer()
    {
        await using var server = await FileServer.StartAsync(context => context.Response.WriteAsync("ok"));
        var port = new Uri(server.Url()).Port;
        var guard = new AddressGuard([$"localhost:{port}"], (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.77"), IPAddress.Loopback]));
        using var target = new MemoryStream();

        Assert.Equal(2, await Download(guard).FetchAsync($"http://localhost:{port}/a.mp3", target, Cancellation));
    }

    [Fact]
    public async Task A_length_above_the_limit_is_refused_before_the_body_is_read()
    {
        await using var server = await FileServer.StartAsync(async context =>
        {
            context.Response.ContentLength = 2049;
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Forever(context);
        });

        await FailsAsync(Download([server.Host], maxBytes: 2048), server.Url(), "audio_too_large", FailureCause.Invalid, "has 2,049; at most 2,048 bytes");
    }

    [Fact]
    public async Task A_body_without_end_is_read_to_the_limit_only()
    {
        await using var server = await FileServer.StartAsync(async context =>
        {
            var block = new byte[4096];
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
        });
        using var target = new MemoryStream();

        var failure = await Assert.ThrowsAsync<JobFailedException>(() => Download([server.Host], maxBytes: 100_000).FetchAsync(server.Url(), target, Cancellation));

        Assert.Equal("audio_too_large", failure.Code);
        Assert.InRange(target.Length, 0, 100_000);
    }

    [Fact]
    public async Task A_body_of_exactly_the_limit_is_fetched()
    {
        await using var server = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(new byte[2048], context.RequestAborted).AsTask());
        using var target = new MemoryStream();

        Assert.Equal(2048, await Download([server.Host], maxBytes: 2048).FetchAsync(server.Url(), target, Cancellation));
    }

    [Fact]
    public async Task A_body_that_drips_is_left_when_the_time_is_over()
    {
        var dripped = new TaskCompletionSource();
        await using var server = await FileServer.StartAsync(async context =>
        {
            await context.Response.Body.WriteAsync(new byte[] { 1 }, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            dripped.SetResult();
            await Forever(context);
        });
        var time = new ManualTimeProvider();
        using var target = new MemoryStream();
        var fetching = Download([server.Host], time: time).FetchAsync(server.Url(), target, Cancellation);
        await dripped.Task;
        time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(fetching.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(0.1));

        var failure = await Assert.ThrowsAsync<JobFailedException>(() => fetching);
        Assert.Equal(("audio_timeout", FailureCause.Timeout), (failure.Code, failure.Cause));
        Assert.Contains("within 30 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_never_answers_and_a_name_that_never_resolves_take_no_longer_either()
    {
        var time = new ManualTimeProvider();
        var asked = new TaskCompletionSource();
        var guard = new AddressGuard(["files.example.com"], async (_, cancellation) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);
            return [];
        });
        var fetching = Download(guard, time: time).FetchAsync("https://files.example.com/a.mp3", Stream.Null, Cancellation);
        await asked.Task;

        time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("audio_timeout", (await Assert.ThrowsAsync<JobFailedException>(() => fetching)).Code);
    }

    [Fact]
    public async Task A_job_that_stops_stops_its_download()
    {
        var reached = new TaskCompletionSource();
        await using var server = await FileServer.StartAsync(async context =>
        {
            reached.SetResult();
            await Forever(context);
        });
        using var stop = new CancellationTokenSource();
        var fetching = Download([server.Host]).FetchAsync(server.Url(), Stream.Null, stop.Token);
        await reached.Task;

        await stop.CancelAsync();

        Assert.Equal(stop.Token, (await Assert.ThrowsAsync<OperationCanceledException>(() => fetching)).CancellationToken);
    }

    [Theory]
    [InlineData(404, "audio_not_found", FailureCause.Invalid)]
    [InlineData(410, "audio_not_found", FailureCause.Invalid)]
    [InlineData(403, "audio_unreachable", FailureCause.Error)]
    [InlineData(429, "audio_unreachable", FailureCause.Throttled)]
    [InlineData(500, "audio_unreachable", FailureCause.Error)]
    [InlineData(204, "audio_unreachable", FailureCause.Error)]
    [InlineData(302, "audio_unreachable", FailureCause.Error)]
    public async Task Any_status_but_200_fails_the_job(int status, string code, FailureCause cause)
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });

        await FailsAsync(Download([server.Host]), server.Url("/a.mp3?signature=secret"), code, cause, $"/a.mp3 answered {status}; 200 was expected.");
    }

    [Fact]
    public async Task How_long_a_server_asks_to_wait_is_told()
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "17";
            return Task.CompletedTask;
        });

        var failure = await Assert.ThrowsAsync<JobFailedException>(() => Download([server.Host]).FetchAsync(server.Url(), Stream.Null, Cancellation));

        Assert.Equal(TimeSpan.FromSeconds(17), failure.RetryAfter);
    }

    [Fact]
    public async Task A_compressed_answer_is_not_unpacked()
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return context.Response.WriteAsync("a bomb");
        });

        await FailsAsync(Download([server.Host]), server.Url(), "audio_refused", FailureCause.Invalid, "encoding gzip");
    }

    [Fact]
    public async Task A_body_that_ends_too_soon_is_fetched_again_later()
    {
        await using var server = await FileServer.StartAsync(async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });

        await FailsAsync(Download([server.Host]), server.Url(), "audio_unreachable", FailureCause.Error, "could not be fetched");
    }

    [Fact]
    public async Task A_port_where_nothing_listens_is_tried_again_later()
    {
        string host;
        await using (var server = await FileServer.StartAsync(_ => Task.CompletedTask))
            host = server.Host;

        await FailsAsync(Download([host]), $"http://{host}/a.mp3", "audio_unreachable", FailureCause.Error, "could not be fetched");
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_tried_again_later() =>
        await FailsAsync(Download(new AddressGuard(["gone.example"], (_, _) => Task.FromResult<IPAddress[]>([]))), "http://gone.example/a.mp3", "audio_unreachable", FailureCause.Error, "could not be fetched");

    private static Task Forever(HttpContext context)
    {
        var ends = new TaskCompletionSource();
        context.RequestAborted.Register(ends.SetResult);
        return ends.Task;
    }

    private static Task Redirect(HttpContext context, string location)
    {
        context.Response.StatusCode = 302;
        context.Response.Headers.Location = location;
        return Task.CompletedTask;
    }

    private static GuardedDownload Download(IEnumerable<string> hosts, long maxBytes = 1_000_000, TimeProvider? time = null) =>
        Download(new AddressGuard(hosts), maxBytes, time);

    private static GuardedDownload Download(AddressGuard guard, long maxBytes = 1_000_000, TimeProvider? time = null) =>
        new(guard, new DownloadLimits(maxBytes, TimeSpan.FromSeconds(30)), time ?? TimeProvider.System);

    private static async Task FailsAsync(GuardedDownload download, string url, string code, FailureCause cause, string message)
    {
        var failure = await Assert.ThrowsAsync<JobFailedException>(() => download.FetchAsync(url, Stream.Null, Cancellation));

        Assert.Equal((code, cause), (failure.Code, failure.Cause));
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
    }
}
