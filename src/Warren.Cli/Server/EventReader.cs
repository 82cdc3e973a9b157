using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Warren.Jobs;

namespace Warren.Cli.Server;

/// <summary>Reads the event stream of a job to its end, over lost connections and restarts of the server, each event once.</summary>
internal static class EventReader
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>The events of a job from the first on.</summary>
    /// <param name="server">The server.</param>
    /// <param name="job">The job.</param>
    /// <param name="patience">How long a server that was there may be away.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="ServerException">There is no such job, or no server.</exception>
    public static async IAsyncEnumerable<JobEvent> ReadAsync(
        ServerConnection server, JobId job, TimeSpan patience, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long last = 0;
        var lost = 0L;
        var pause = FirstPause;
        while (true)
        {
            await using (var stream = OpenAsync(server, job, last, cancellationToken).GetAsyncEnumerator(cancellationToken))
            {
                while (true)
                {
                    JobEvent happened;
                    try
                    {
                        if (!await stream.MoveNextAsync())
                            break;
                        happened = stream.Current;
                    }
                    catch (Exception error) when (error is IOException or HttpRequestException or ServerException { IsUnreachable: true })
                    {
                        if (lost == 0)
                            lost = TimeProvider.System.GetTimestamp();
                        if ((last == 0 && error is ServerException) || TimeProvider.System.GetElapsedTime(lost) > patience)
                            throw;
                        break;
                    }
                    lost = 0;
                    pause = FirstPause;
                    last = happened.Number;
                    yield return happened;
                    if (happened.IsEnd)
                        yield break;
                }
            }
            await Task.Delay(pause, TimeProvider.System, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private static async IAsyncEnumerable<JobEvent> OpenAsync(
        ServerConnection server, JobId job, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/jobs/{job}/events");
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (after > 0)
            request.Headers.Add("Last-Event-ID", after.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var response = await server.SendAsync(request, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(cancellationToken))
        {
            if (JsonSerializer.Deserialize<JobEvent>(item.Data, JobJson.Options) is { } happened && happened.Number > after)
                yield return happened;
        }
    }
}
