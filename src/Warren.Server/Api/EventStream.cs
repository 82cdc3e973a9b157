using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Warren.Coordinator;
using Warren.Jobs;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>
/// The events of a job as they happen: Server-Sent Events, whose id is the event's number. It reads the store after the number that the
/// client had last, so that a client that comes back, to this server or the next, misses nothing and gets nothing twice.
/// </summary>
internal static class EventStream
{
    // Those who watch the same job are given the same event; it is written out once.
    private static readonly ConditionalWeakTable<JobEvent, byte[]> Written = [];

    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/v1/jobs/{id}/events", "Follow a job: its events from the first, or after a number, until it has ended.", Role.Viewer, StreamAsync)
        {
            MediaType = "text/event-stream", Query = ["after"], Headers = ["Last-Event-ID"],
        },
    ];

    private static async Task StreamAsync(ApiCall call)
    {
        call.Expect("after");
        var id = call.Id();
        var after = After(call);
        var jobs = call.Services.Coordinator.Jobs;
        var job = await jobs.GetAsync(id, call.Aborted) ?? throw new ProblemException("job_not_found", $"There is no job {id}.");
        if (job.State.IsEnd() && after >= job.EventNumber)
        {
            // There will be no more; any other answer would bring a browser back again and again.
            call.Http.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }
        if (!call.Services.Door.TryEnterStream(call.Services.Options.MaxStreams))
            throw new ProblemException(new("too_many_streams", $"{call.Services.Options.MaxStreams} streams are open, which is as many as may be.", RetryAfter: 5));
        try
        {
            await SendAsync(call, id, after);
        }
        finally
        {
            call.Services.Door.LeaveStream();
        }
    }

    private static async Task SendAsync(ApiCall call, JobId id, long after)
    {
        var response = call.Http.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers["X-Accel-Buffering"] = "no";
        call.Http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(call.Aborted, call.Services.Door.StreamsEnd);
        // Also by a server that stops: a browser comes back after a stream that ends, and never after a refusal.
        await response.BodyWriter.WriteAsync("retry: 1000\n\n"u8.ToArray(), call.Aborted);

        await using var events = call.Services.Coordinator.Jobs.WatchAsync(id, after, end.Token).GetAsyncEnumerator(end.Token);
        try
        {
            while (true)
            {
                var next = events.MoveNextAsync();
                var moving = next.AsTask();
                if (!moving.IsCompleted)
                    await FlushAsync(response, moving, end);
                if (!await BeatUntilAsync(call, moving, end))
                    break;
                response.BodyWriter.Write(Written.GetValue(events.Current, Write));
                if (response.BodyWriter.UnflushedBytes > 16 * 1024)
                    await response.BodyWriter.FlushAsync(end.Token);
            }
            await response.BodyWriter.FlushAsync(end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client has gone, or the server goes; the client comes back with the last number it had.
        }
        catch (StoreUnavailableException)
        {
            // Likewise: it comes back, and is told then how things are.
        }
    }

    private static async Task<bool> BeatUntilAsync(ApiCall call, Task<bool> next, CancellationTokenSource end)
    {
        while (true)
        {
            try
            {
                return await next.WaitAsync(call.Services.Options.StreamHeartbeat, call.Services.Time, CancellationToken.None);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                // A comment: proxies see that the stream lives, and we see when the client does not.
                call.Http.Response.BodyWriter.Write(":\n\n"u8);
                await FlushAsync(call.Http.Response, next, end);
            }
        }
    }

    private static async Task FlushAsync(HttpResponse response, Task<bool> next, CancellationTokenSource end)
    {
        try
        {
            await response.BodyWriter.FlushAsync(end.Token);
        }
        catch
        {
            // The enumerator still waits for the next event; it must have ended before it is disposed.
            await end.CancelAsync();
            await Task.WhenAny(next);
            throw;
        }
    }

    private static byte[] Write(JobEvent happened)
    {
        var data = JsonSerializer.Serialize(happened, JobJson.Options);
        var type = JsonDocument.Parse(data).RootElement.GetProperty("type").GetString();
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {happened.Number}\nevent: {type}\ndata: {data}\n\n"));
    }

    // A browser that comes back sends the header, and the query with which the page began.
    private static long After(ApiCall call)
    {
        var header = call.Http.Request.Headers["Last-Event-ID"].ToString();
        var (text, name) = header.Length > 0 ? (header, "Last-Event-ID") : (call.Query("after") ?? "0", "after");
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new ProblemException("invalid_request", $"{name} is '{(text.Length > 40 ? text[..40] : text)}'; the number of an event was expected.");
    }
}
