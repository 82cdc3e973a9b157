using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Warren.Jobs;

namespace Warren.AI.Guard;

/// <summary>
/// Fetches a recording from a URL that a client has sent: from hosts of the allow-list alone, at public addresses, not larger and not longer
/// than it may be. Redirects are followed by hand, and each is checked as the first URL was. Nothing is sent along: no cookies, no keys,
/// no trace. What the server says of the content is not believed.
/// </summary>
internal sealed class GuardedDownload(AddressGuard guard, DownloadLimits limits, TimeProvider time)
{
    private const int MaxRedirects = 5;
    private const int BufferSize = 64 * 1024;

    /// <summary>Fetches into a stream.</summary>
    /// <returns>How many bytes it were.</returns>
    /// <exception cref="JobFailedException">
    /// <c>audio_refused</c>, <c>audio_too_large</c>, <c>audio_not_found</c>: never retried; <c>audio_unreachable</c> and <c>audio_timeout</c>.
    /// </exception>
    public async Task<long> FetchAsync(string url, Stream target, CancellationToken cancellationToken)
    {
        var first = guard.Check(url);
        using var timeout = new CancellationTokenSource(limits.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await FollowAsync(first, target, either.Token);
        }
        catch (Exception exception) when (exception is not JobFailedException && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The job stopped while its recording was fetched.", exception, cancellationToken);
        }
        catch (Exception exception) when (exception is not JobFailedException && timeout.IsCancellationRequested)
        {
            throw new JobFailedException(
                "audio_timeout",
                $"{AddressGuard.Describe(first)} was not fetched within {limits.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s (Warren:Grading:AudioTimeout).",
                FailureCause.Timeout,
                innerException: exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException or HttpIOException)
        {
            throw new JobFailedException("audio_unreachable", $"{AddressGuard.Describe(first)} could not be fetched: {exception.Message}", innerException: exception);
        }
    }

    private async Task<long> FollowAsync(Uri url, Stream target, CancellationToken cancellationToken)
    {
        for (var hop = 0; hop <= MaxRedirects; hop++)
        {
            var addresses = await guard.ResolveAsync(url, cancellationToken);
            using var client = new HttpClient(Handler(addresses)) { Timeout = Timeout.InfiniteTimeSpan };
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Warren", null));
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (IsRedirect(response.StatusCode) && response.Headers.Location is { } location)
                url = guard.CheckRedirect(url, location);
            else
                return await ReadAsync(url, response, target, cancellationToken);
        }
        throw AddressGuard.Refuse($"audio_url was redirected more than {MaxRedirects} times.");
    }

    // The connection goes to the addresses that were checked: another answer of the name server comes too late. One handler for each hop,
    // so that no connection to a host outlives the check.
    private static SocketsHttpHandler Handler(IReadOnlyList<IPAddress> addresses) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectCallback = async (context, cancellationToken) =>
        {
            // A socket of its own for each address: one that has failed to connect cannot be used again everywhere.
            for (var i = 0; ; i++)
            {
                var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(new IPEndPoint(addresses[i], context.DnsEndPoint.Port), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch (SocketException) when (i < addresses.Count - 1)
                {
                    socket.Dispose();
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
        },
    };

    private static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    private async Task<long> ReadAsync(Uri url, HttpResponseMessage response, Stream target, CancellationToken cancellationToken)
    {
        if (response.StatusCode != HttpStatusCode.OK)
            throw Status(url, response);
        if (response.Content.Headers.ContentEncoding.FirstOrDefault(coding => !coding.Equals("identity", StringComparison.OrdinalIgnoreCase)) is { } coding)
            throw AddressGuard.Refuse($"{AddressGuard.Describe(url)} is sent in the encoding {coding}, which was not asked for; the recording itself was expected.");
        if (response.Content.Headers.ContentLength > limits.MaxBytes)
            throw TooLarge(url, $"has {response.Content.Headers.ContentLength:N0}");

        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[BufferSize];
        long total = 0;
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            total += read;
            if (total > limits.MaxBytes)
                throw TooLarge(url, "has more");
            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        return total;
    }

    private JobFailedException TooLarge(Uri url, string found) => new(
        "audio_too_large",
        string.Create(CultureInfo.InvariantCulture, $"{AddressGuard.Describe(url)} {found}; at most {limits.MaxBytes:N0} bytes are fetched (Warren:Grading:MaxAudioBytes)."),
        FailureCause.Invalid);

    private JobFailedException Status(Uri url, HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        var message = $"{AddressGuard.Describe(url)} answered {status}; 200 was expected.";
        return status switch
        {
            404 or 410 => new("audio_not_found", message, FailureCause.Invalid),
            429 => new("audio_unreachable", message, FailureCause.Throttled, RetryAfter(response)),
            _ => new("audio_unreachable", message),
        };
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var after = response.Headers.RetryAfter;
        var wait = after?.Delta ?? after?.Date - time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : null;
    }
}
