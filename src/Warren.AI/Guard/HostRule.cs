using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Warren.AI.Guard;

/// <summary>An entry of an allow-list of hosts: <c>files.example.com</c>, <c>*.example.com</c>, <c>127.0.0.1:9000</c>, <c>[::1]</c>.</summary>
internal sealed class HostRule
{
    private const string Wildcard = "*.";

    private readonly string _text;
    private readonly string _host;
    private readonly bool _below;
    private readonly int? _port;
    private readonly IPAddress? _address;

    private HostRule(string text, string host, bool below, int? port)
    {
        (_text, _host, _below, _port) = (text, host, below, port);
        _address = below ? null : AddressOf(host);
    }

    /// <summary>Reads an entry.</summary>
    /// <param name="text">The entry.</param>
    /// <param name="rule">The rule.</param>
    /// <param name="problem">What is wrong with it: what was found, and what was expected.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out HostRule? rule, [NotNullWhen(false)] out string? problem)
    {
        rule = null;
        problem = $"'{text}' was found; a host was expected, as in files.example.com, *.example.com or 127.0.0.1:9000.";
        var below = text.StartsWith(Wildcard, StringComparison.Ordinal);
        var host = below ? text[Wildcard.Length..] : text;
        if (!host.StartsWith('[') && host.Count(c => c == ':') > 1 && IPAddress.TryParse(host, out var bare))
            host = $"[{bare}]";
        if (host.Length == 0 || host.Any(c => c is '/' or '\\' or '@' or '?' or '#' or '*' || char.IsWhiteSpace(c) || char.IsControl(c)))
            return false;
        // A scheme with a port that nobody names, so that a port that is named shows.
        if (!Uri.TryCreate($"http://{host}", UriKind.Absolute, out var url) || url.HostNameType is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
            return false;
        if (below && url.HostNameType != UriHostNameType.Dns)
        {
            problem = $"'{text}' was found; *. goes before a name, not before an address.";
            return false;
        }
        var colon = host.LastIndexOf(':');
        rule = new HostRule(text, HostOf(url), below, colon > host.LastIndexOf(']') ? url.Port : null);
        problem = null;
        return true;
    }

    /// <summary>The host of a URL as rules compare it: in ASCII and lower case, an address in its one usual form, without the root's dot.</summary>
    public static string HostOf(Uri url) =>
        AddressOf(url.IdnHost)?.ToString() ?? url.IdnHost.TrimEnd('.').ToLowerInvariant();

    /// <summary>Whether a URL is of this host and port. A rule without a port stands for the usual port of the URL's scheme.</summary>
    public bool Matches(Uri url)
    {
        var host = HostOf(url);
        var fits = _below
            ? host.Length > _host.Length + 1 && host.EndsWith(_host, StringComparison.Ordinal) && host[host.Length - _host.Length - 1] == '.'
            : host == _host;
        return fits && (_port is { } port ? url.Port == port : url.IsDefaultPort);
    }

    /// <summary>Whether the rule names an address on purpose that is not public: itself, or a loopback address as <c>localhost</c>.</summary>
    public bool Names(IPAddress address) => _address is not null ? _address.Equals(address) : !_below && _host == "localhost" && IPAddress.IsLoopback(address);

    /// <inheritdoc/>
    public override string ToString() => _text;

    private static IPAddress? AddressOf(string host) => IPAddress.TryParse(host.Trim('[', ']'), out var address) ? address : null;
}
