using System.Net;
using Microsoft.Extensions.Options;

namespace Warren.Server;

/// <summary>Completes the settings of the HTTP side and says what is wrong with them.</summary>
internal sealed class ServerOptionsSetup : IPostConfigureOptions<ServerOptions>, IValidateOptions<ServerOptions>
{
    /// <inheritdoc/>
    public void PostConfigure(string? name, ServerOptions options)
    {
        if (string.IsNullOrEmpty(options.AdminKey))
            options.AdminKey = null;
        if (!string.IsNullOrEmpty(options.AdminKeyFile) && options.AdminKey is null && File.Exists(options.AdminKeyFile))
            options.AdminKey = File.ReadAllText(options.AdminKeyFile).TrimEnd('\r', '\n');
    }

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ServerOptions options)
    {
        var problems = new List<string>();
        if (!TryReadListen(options.Listen, out _))
            problems.Add($"{ServerOptions.Section}:Listen is '{options.Listen}'; expected ADDRESS:PORT, as in 127.0.0.1:8080 or *:8080.");
        if (!string.IsNullOrEmpty(options.AdminKeyFile) && !File.Exists(options.AdminKeyFile))
            problems.Add($"{ServerOptions.Section}:AdminKeyFile is '{options.AdminKeyFile}'; there is no such file.");
        if (options.AdminKey is { Length: < 16 } key)
            problems.Add($"{ServerOptions.Section}:AdminKey has {key.Length} characters; at least 16 were expected.");
        else if (options.AdminKey is { } whole && whole.Any(c => c is <= ' ' or > '~'))
            problems.Add($"{ServerOptions.Section}:AdminKey has a space or another character that no HTTP header may hold; printable ASCII was expected.");
        if (options.Management)
            problems.Add($"{ServerOptions.Section}:Management is true, and this version has no management API under /rabbitmq; take it away. Queues are at /v1/queues.");
        problems.AddRange(
            from host in options.AllowedHosts
            where host != "*" && (Uri.CheckHostName(host.Trim('[', ']')) == UriHostNameType.Unknown || host.Contains(':', StringComparison.Ordinal) != host.StartsWith('['))
            select $"{ServerOptions.Section}:AllowedHosts has '{host}'; a host's name without a port was expected, as in warren.example.org.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    /// <summary>The end point that a listen address names.</summary>
    public static bool TryReadListen(string? text, out IPEndPoint endPoint)
    {
        endPoint = new(IPAddress.Loopback, 0);
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var port))
            return false;
        var host = text![..colon];
        var address = IPAddress.Loopback;
        if (host == "*")
            address = IPAddress.IPv6Any;
        else if (host != "localhost" && (host.Contains(':', StringComparison.Ordinal) != host.StartsWith('[') || !IPAddress.TryParse(host, out address)))
            return false;
        endPoint = new(address!, port);
        return true;
    }
}
