using System.Net;
using System.Net.Sockets;
using Warren.Jobs;

namespace Warren.AI.Guard;

/// <summary>Asks for the addresses of a name.</summary>
internal delegate Task<IPAddress[]> HostResolver(string host, CancellationToken cancellationToken);

/// <summary>
/// Says whether a URL that somebody else has written may be fetched from here, and at which addresses: so that no recording is fetched from
/// the services behind the firewall. A name is resolved once, and the addresses that were checked are the ones to connect to.
/// </summary>
internal sealed class AddressGuard
{
    /// <summary>The code of what is refused.</summary>
    public const string Refused = "audio_refused";

    private const int LongestUrl = 8192;

    private readonly List<HostRule> _rules = [];
    private readonly HostResolver _resolve;

    /// <summary>A guard with the entries of an allow-list.</summary>
    /// <exception cref="FormatException">An entry is no host.</exception>
    public AddressGuard(IEnumerable<string> allowed, HostResolver? resolve = null)
    {
        foreach (var text in allowed)
            _rules.Add(HostRule.TryParse(text, out var rule, out var problem) ? rule : throw new FormatException(problem));
        _resolve = resolve ?? Dns.GetHostAddressesAsync;
    }

    /// <summary>A URL as it may stand in a message: what follows the path may hold a key.</summary>
    public static string Describe(Uri url) => url.GetComponents(UriComponents.Scheme | UriComponents.Host | UriComponents.Port | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>Reads a URL and checks what can be seen in it.</summary>
    /// <exception cref="JobFailedException"><see cref="Refused"/>, with the rule.</exception>
    public Uri Check(string text)
    {
        if (text.Length > LongestUrl)
            throw Refuse($"audio_url has {text.Length} characters; at most {LongestUrl} were expected.");
        // What parsers of URLs disagree about.
        if (text.Any(c => c == '\\' || char.IsWhiteSpace(c) || char.IsControl(c)) || !Uri.TryCreate(text, UriKind.Absolute, out var url))
            throw Refuse("audio_url is not a URL; one as in https://files.example.com/answer.mp3 was expected.");
        Check(url);
        return url;
    }

    /// <summary>Reads where a redirect goes, as text again, so that it passes through the same needle's eye.</summary>
    /// <exception cref="JobFailedException"><see cref="Refused"/>, with the rule.</exception>
    public Uri CheckRedirect(Uri from, Uri location)
    {
        var next = Check(location.IsAbsoluteUri ? location.OriginalString : new Uri(from, location).AbsoluteUri);
        return from.Scheme == "https" && next.Scheme == "http"
            ? throw Refuse($"{Describe(from)} redirects from https to http.")
            : next;
    }

    /// <summary>The addresses of a URL's host, all of them checked.</summary>
    /// <exception cref="JobFailedException"><see cref="Refused"/>, with the rule.</exception>
    /// <exception cref="SocketException">The name could not be resolved.</exception>
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(Uri url, CancellationToken cancellationToken)
    {
        var rules = Check(url);
        var host = HostRule.HostOf(url);
        var addresses = IPAddress.TryParse(host, out var literal) ? new[] { literal } : await _resolve(host, cancellationToken);
        if (addresses.Length == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        foreach (var address in addresses)
        {
            if (PublicAddress.WhyNot(address) is { } why && !rules.Any(rule => rule.Names(address)))
            {
                throw Refuse(
                    $"{host} is at {address}, which is not public ({why}). An address of one's own is fetched from only if Warren:Grading:AudioHosts names the address itself, or localhost.");
            }
        }
        return addresses;
    }

    /// <summary>A failure for what is not fetched.</summary>
    public static JobFailedException Refuse(string message) => new(Refused, message, FailureCause.Invalid);

    private List<HostRule> Check(Uri url)
    {
        if (url.Scheme is not ("http" or "https"))
            throw Refuse($"audio_url begins with {url.Scheme}:; http or https was expected.");
        if (url.UserInfo.Length > 0)
            throw Refuse("audio_url has a user name or password in it; none was expected.");
        if (url.HostNameType is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
            throw Refuse("audio_url has no host; one of Warren:Grading:AudioHosts was expected.");
        List<HostRule> rules = [.. _rules.Where(rule => rule.Matches(url))];
        return rules.Count > 0
            ? rules
            : throw Refuse($"{HostRule.HostOf(url)}, port {url.Port}, is not in Warren:Grading:AudioHosts, which {(_rules.Count == 0 ? "is empty" : $"has {string.Join(", ", _rules)}")}.");
    }
}
