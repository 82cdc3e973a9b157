using System.ComponentModel.DataAnnotations;

namespace Warren.Server;

/// <summary>Settings of the HTTP side: section <c>Warren:Server</c>. Read once, at start.</summary>
public sealed class ServerOptions
{
    /// <summary>The section.</summary>
    internal const string Section = "Warren:Server";

    /// <summary>
    /// Where <c>warren serve</c> takes HTTP: <c>ADDRESS:PORT</c>, <c>[::1]:PORT</c>, <c>localhost:PORT</c>, or <c>*:PORT</c> for every address
    /// of the machine; port 0 takes a free one. An app that maps Warren among its own routes listens where it wants. The default is
    /// 127.0.0.1:8080.
    /// </summary>
    public string Listen { get; set; } = "127.0.0.1:8080";

    /// <summary>A key with the role admin that is not in the store, for the first steps; at least 16 characters. The default is none.</summary>
    [MinLength(16)]
    public string? AdminKey { get; set; }

    /// <summary>A file that holds <see cref="AdminKey"/>. The default is none.</summary>
    public string? AdminKeyFile { get; set; }

    /// <summary>Names a client may call this server by, besides localhost, 127.0.0.1 and [::1]; <c>*</c> is any. The default is none.</summary>
    public IList<string> AllowedHosts { get; set; } = [];

    /// <summary>How many requests a second each key may make, or each address without one; zero is without limit. The default is 1,000.</summary>
    [Range(0, 1_000_000)]
    public int RateLimit { get; set; } = 1_000;

    /// <summary>How many event streams are open at once. The default is 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxStreams { get; set; } = 10_000;

    /// <summary>How often an event stream says that it lives. The default is 15 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:10:00")]
    public TimeSpan StreamHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether a management API of queues is served under <c>/rabbitmq</c>; this version has none and refuses true. The default is false.</summary>
    public bool Management { get; set; }
}
