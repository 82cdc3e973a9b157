using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Warren.Messaging.Connections;

/// <summary>Where a broker is and who connects to it, read from an <c>amqp://</c> or <c>amqps://</c> URL.</summary>
/// <remarks>
/// <see cref="Uri"/> refuses several hosts, so the URL is taken apart here. No text that leaves this type, errors included, holds
/// any part of the URL that could be the password.
/// </remarks>
internal sealed record BrokerAddress
{
    private const int Port = 5672;
    private const int TlsPort = 5671;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The hosts in the order of the URL, at least one. IPv6 addresses are without brackets.</summary>
    public required IReadOnlyList<(string Host, int Port)> Hosts { get; init; }

    /// <summary>The virtual host. The default is <c>/</c>.</summary>
    public string VirtualHost { get; init; } = "/";

    /// <summary>The user. The default is guest.</summary>
    public string User { get; init; } = "guest";

    /// <summary>The password. The default is guest.</summary>
    public string Password { get; init; } = "guest";

    /// <summary>Whether the connection is encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>The heartbeat interval if the URL names one; it wins over <see cref="MessagingOptions.Heartbeat"/>.</summary>
    public TimeSpan? Heartbeat { get; init; }

    /// <summary>The connect timeout if the URL names one; it wins over <see cref="MessagingOptions.ConnectTimeout"/>.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>Reads a URL: <c>amqp[s]://[user[:password]@]host[:port][,host[:port]…][/vhost][?heartbeat=s&amp;connection_timeout=ms]</c>.</summary>
    /// <remarks>User, password, virtual host and query are percent-decoded. No path, <c>/</c>, <c>//</c> and <c>/%2F</c> mean the virtual host <c>/</c>.</remarks>
    /// <exception cref="ArgumentException">It is not such a URL; the message says what was found and what was expected.</exception>
    public static BrokerAddress Parse(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        url = url.Trim();
        var tls = ReadScheme(url, out var rest);
        var end = rest.AsSpan().IndexOfAny('/', '?', '#') is var at and >= 0 ? at : rest.Length;
        // A # before an @ can only belong to the password: a fragment never precedes the host.
        if (end < rest.Length && rest[end] == '#' && rest.IndexOf('@', end) is var later and >= 0)
            end = rest.AsSpan(later).IndexOfAny('/', '?', '#') is var next and >= 0 ? later + next : rest.Length;
        var authority = rest[..end];
        var tail = rest[end..];
        if (tail.Contains('@', StringComparison.Ordinal))
            throw Invalid("has an '@' behind its first '/' or '?'; in a user, password or virtual host write %2F for '/', %3F for '?' and %40 for '@'");
        if (tail.Contains('#', StringComparison.Ordinal))
            throw Invalid("has a '#' behind its hosts; write %23 for a '#' in a virtual host");

        var (user, password, hosts) = SplitAuthority(authority);
        var query = tail.IndexOf('?', StringComparison.Ordinal);
        var (heartbeat, connectTimeout) = ReadQuery(query < 0 ? "" : tail[(query + 1)..]);
        return new BrokerAddress
        {
            Hosts = [.. hosts.Split(',').Select(host => ReadHost(host.Trim(), tls ? TlsPort : Port))],
            VirtualHost = ReadVirtualHost(query < 0 ? tail : tail[..query]),
            User = user,
            Password = password,
            Tls = tls,
            Heartbeat = heartbeat,
            ConnectTimeout = connectTimeout,
        };
    }

    /// <summary>Puts what the query of the URL says into the settings.</summary>
    public void ApplyTo(MessagingOptions options)
    {
        options.Heartbeat = Heartbeat ?? options.Heartbeat;
        options.ConnectTimeout = ConnectTimeout ?? options.ConnectTimeout;
    }

    /// <summary>Hosts, virtual host and user, for logs and errors. Never the password.</summary>
    public override string ToString() =>
        $"{string.Join(',', Hosts.Select(h => $"{Bracketed(h.Host)}:{h.Port.ToString(CultureInfo.InvariantCulture)}"))}, virtual host \"{VirtualHost}\", user {User}";

    /// <summary>A host as it is written in a URL: an IPv6 address gets its brackets.</summary>
    internal static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

    private static bool ReadScheme(string url, out string rest)
    {
        var at = url.IndexOf("://", StringComparison.Ordinal);
        if (at < 0)
            throw Invalid("does not begin with amqp:// or amqps://");
        rest = url[(at + 3)..];
        var scheme = url[..at];
        return scheme.ToLowerInvariant() switch
        {
            "amqp" => false,
            "amqps" => true,
            _ when scheme.All(char.IsAsciiLetterOrDigit) => throw Invalid($"begins with {scheme}://; expected amqp:// or amqps://"),
            _ => throw Invalid("does not begin with amqp:// or amqps://"),
        };
    }

    private static (string User, string Password, string Hosts) SplitAuthority(string authority)
    {
        var at = authority.IndexOf('@', StringComparison.Ordinal);
        if (at < 0)
            return ("guest", "guest", authority);
        // Guessing which '@' ends the password would send a part of it to a name server.
        if (authority.IndexOf('@', at + 1) >= 0)
            throw Invalid("has more than one '@' before its path; write %40 for an '@' in a password, and name the user once, before the first host");
        var credentials = authority[..at];
        var colon = credentials.IndexOf(':', StringComparison.Ordinal);
        var user = Decode(colon < 0 ? credentials : credentials[..colon], "user");
        if (user.Length == 0)
            throw Invalid("has no user before its '@'; expected amqp://user:password@host/");
        return (user, colon < 0 ? "guest" : Decode(credentials[(colon + 1)..], "password"), authority[(at + 1)..]);
    }

    private static (string Host, int Port) ReadHost(string text, int defaultPort)
    {
        string host;
        string port;
        if (text.StartsWith('['))
        {
            var close = text.IndexOf(']', StringComparison.Ordinal);
            host = close < 0 ? "" : text[1..close].Replace("%25", "%", StringComparison.Ordinal);
            port = close < 0 ? "" : text[(close + 1)..];
            if (!IPAddress.TryParse(host, out var address) || address.AddressFamily != AddressFamily.InterNetworkV6 || (port.Length > 0 && port[0] != ':'))
                throw Invalid("has a '[' that begins no IPv6 address; expected such as [::1]:5672");
        }
        else
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            host = colon < 0 ? text : text[..colon];
            port = colon < 0 ? "" : text[colon..];
            if (host.Length == 0)
                throw Invalid("has an empty host name; expected amqp://host/ or amqp://host1,host2/");
            if (!host.All(c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_'))
                throw Invalid("has a host name with characters other than letters, digits, '.', '-' and '_'");
            if (port.LastIndexOf(':') > 0)
                throw Invalid($"has more than one ':' behind the host {host}; an IPv6 address is written in brackets, such as [::1]:5672");
        }

        if (port.Length <= 1)
            return (host, defaultPort);
        // What stands here may be the password of a URL whose '@' was forgotten: it is not repeated.
        return int.TryParse(port.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535
            ? (host, number)
            : throw Invalid($"has no port number behind '{host}:'; expected 1 to 65535, and an '@' between a password and the host");
    }

    private static string ReadVirtualHost(string path)
    {
        if (path is "" or "/" or "//")
            return "/";
        if (path.IndexOf('/', 1) >= 0)
            throw Invalid("has more than one '/' behind its hosts; write %2F for a '/' in the name of a virtual host");
        var name = Decode(path[1..], "virtual host");
        return Encoding.UTF8.GetByteCount(name) <= 255 ? name : throw Invalid("has a virtual host longer than 255 bytes");
    }

    private static (TimeSpan? Heartbeat, TimeSpan? ConnectTimeout) ReadQuery(string query)
    {
        TimeSpan? heartbeat = null;
        TimeSpan? connectTimeout = null;
        foreach (var parameter in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = parameter.Split('=', 2)[0];
            var value = parameter.Length > name.Length ? parameter[(name.Length + 1)..] : "";
            switch (name)
            {
                case "heartbeat":
                    heartbeat = TimeSpan.FromSeconds(ReadNumber(name, value, 1, 3600, "seconds"));
                    break;
                case "connection_timeout":
                    connectTimeout = TimeSpan.FromMilliseconds(ReadNumber(name, value, 100, 600_000, "milliseconds"));
                    break;
                default:
                    throw Invalid($"has the unknown query parameter '{name}'; known are heartbeat and connection_timeout, and there are settings for the rest");
            }
        }

        return (heartbeat, connectTimeout);
    }

    private static int ReadNumber(string name, string value, int min, int max, string unit) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw Invalid(string.Create(CultureInfo.InvariantCulture, $"has {name}={value}; expected {min} to {max} {unit}"));

    private static string Decode(string text, string what)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                var width = char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(i, width)));
                i += width - 1;
            }
            else if (i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                throw Invalid($"has a '%' without two hexadecimal digits in its {what}; write %25 for a '%'");
            }
        }

        try
        {
            return StrictUtf8.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            throw Invalid($"has percent-encoded bytes in its {what} that are not UTF-8");
        }
    }

    private static ArgumentException Invalid(string what) => new($"The broker URL {what}.");
}
