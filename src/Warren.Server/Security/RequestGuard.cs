using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Warren.Server.Security;

/// <summary>Decides who is let in. It looks at the connection and never at headers by which a proxy, or anybody, says who the client is.</summary>
internal sealed class RequestGuard : IDisposable
{
    private static readonly string[] MarksOfProxies = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"];

    private readonly ApiKeys _keys;
    private readonly HashSet<string> _hosts = new(["localhost", "127.0.0.1", "[::1]"], StringComparer.OrdinalIgnoreCase);
    private readonly bool _anyHost;
    private readonly PartitionedRateLimiter<string>? _limiter;

    public RequestGuard(ApiKeys keys, IOptions<ServerOptions> options)
    {
        _keys = keys;
        _hosts.UnionWith(options.Value.AllowedHosts);
        _anyHost = options.Value.AllowedHosts.Contains("*");
        var rate = options.Value.RateLimit;
        if (rate > 0)
        {
            _limiter = PartitionedRateLimiter.Create<string, string>(key => RateLimitPartition.GetTokenBucketLimiter(key, _ => new()
            {
                TokenLimit = rate, TokensPerPeriod = rate, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = 0,
            }));
        }
    }

    /// <summary>Lets a request in, or refuses it.</summary>
    /// <param name="http">The request.</param>
    /// <param name="role">The least role; null lets in who asks for health, by whatever name and without a key.</param>
    /// <exception cref="ProblemException">It is refused.</exception>
    public async ValueTask<Caller> AdmitAsync(HttpContext http, Role? role)
    {
        CheckOrigin(http.Request);
        var address = http.Connection.RemoteIpAddress;
        var hasKeys = await _keys.ExistAsync(http.RequestAborted);
        if (!hasKeys)
            CheckLoopback(http, address);
        if (role is null)
            return new(address?.ToString() ?? "", Role.Viewer, null);
        CheckHost(http);
        if (!hasKeys && http.Request.Headers.Authorization.Count == 0)
            return new($"loopback {address}", Role.Admin, null);

        var caller = await _keys.FindAsync(KeyOf(http.Request), http.RequestAborted)
            ?? throw new ProblemException("key_invalid", "The API key is not one of this server, or it was revoked.");
        using var lease = _limiter?.AttemptAcquire(caller.KeyId!);
        if (lease is { IsAcquired: false })
            throw new ProblemException(new("rate_limited", $"The key '{caller.Name}' has made more requests than it may in a second.", RetryAfter: 1));
        return caller.Role >= role
            ? caller
            : throw new ProblemException("role_required", $"The key '{caller.Name}' has the role {Roles.Name(caller.Role)}; {Roles.Name(role.Value)} was expected.");
    }

    /// <summary>Refuses a body that is not JSON: a page of another site cannot send JSON without asking first.</summary>
    /// <exception cref="ProblemException">It is refused.</exception>
    public static void CheckBody(HttpContext http)
    {
        if (HttpMethods.IsDelete(http.Request.Method) && http.Request.ContentLength is null or 0 && !http.Request.Headers.ContainsKey(HeaderNames.TransferEncoding))
            return;
        var text = http.Request.ContentType;
        if (MediaTypeHeaderValue.TryParse(text, out var type) && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase)))
        {
            return;
        }
        throw new ProblemException("unsupported_media_type", $"The content type is {(string.IsNullOrEmpty(text) ? "missing" : $"'{Cut(text)}'")}; application/json in UTF-8 was expected.");
    }

    /// <inheritdoc/>
    public void Dispose() => _limiter?.Dispose();

    /// <summary>Whether an address is of this machine.</summary>
    public static bool IsLoopback(IPAddress? address) => address is not null && IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    private static string KeyOf(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count == 0)
            throw new ProblemException("key_required", "There is no API key; Authorization: Bearer KEY was expected.");
        const string Scheme = "Bearer ";
        var text = header.ToString();
        return header.Count == 1 && text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && text.AsSpan(Scheme.Length).Trim().Length > 0
            ? text[Scheme.Length..].Trim()
            : throw new ProblemException("key_invalid", "The Authorization header is of another form; Bearer KEY was expected.");
    }

    private static void CheckLoopback(HttpContext http, IPAddress? address)
    {
        if (!IsLoopback(address))
            throw new ProblemException("loopback_only", "This server has no API keys, and without them it serves its own machine only. Make one there: warren keys create --role admin NAME.");
        if (MarksOfProxies.FirstOrDefault(http.Request.Headers.ContainsKey) is { } mark)
        {
            // Whoever stands behind a proxy of this machine is not on this machine.
            throw new ProblemException("loopback_only", $"The request came through a proxy ({mark}), and without API keys this server serves its own machine only.");
        }
    }

    private void CheckHost(HttpContext http)
    {
        var host = http.Request.Host.Host;
        if (_anyHost || _hosts.Contains(host))
            return;
        // Its own address, in digits: no name that somebody else could have pointed at it.
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address) && http.Connection.LocalIpAddress is { } local
            && address.Equals(local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local))
        {
            return;
        }
        throw new ProblemException("host_refused", $"This server is not known as '{Cut(host)}'. If it is to be called so, add it to {ServerOptions.Section}:AllowedHosts.");
    }

    private static void CheckOrigin(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        if (origin.Count == 0 || (origin.Count == 1 && origin.ToString().Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase)))
            return;
        throw new ProblemException("origin_refused", $"The request comes from a page of '{Cut(origin.ToString())}'; only pages of this server may make it.");
    }

    private static string Cut(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
