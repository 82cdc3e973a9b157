using System.Globalization;
using System.Text;
using Warren.Broker.Protocol;

namespace Warren.Broker;

/// <summary>Checks the options before anything is opened, so that a wrong one fails at the start and in words.</summary>
internal static class OptionsCheck
{
    private const int LargestMessage = 536_870_912;

    /// <summary>Throws for the first option that cannot be so.</summary>
    /// <exception cref="BrokerStartException">The message names the option, what was found and what was expected.</exception>
    public static void Demand(BrokerOptions options)
    {
        if (Problem(options) is { } problem)
            throw new BrokerStartException(BrokerStartFailure.InvalidOptions, problem);
    }

    private static string? Problem(BrokerOptions options) =>
        Addresses(nameof(options.Listen), options.Listen)
        ?? Addresses(nameof(options.ListenTls), options.ListenTls)
        ?? (options.Listen.Count + options.ListenTls.Count == 0 ? "Listen and ListenTls are empty; expected an address to listen on." : null)
        ?? Certificate(options)
        ?? (options.Data is { } data && string.IsNullOrWhiteSpace(data) ? "Data is empty; expected a directory, or null to keep nothing." : null)
        ?? options.Users.Select(user => UserProblem(user.Key, user.Value)).FirstOrDefault(problem => problem is not null)
        ?? VirtualHosts(options)
        ?? Range(nameof(options.FrameMax), options.FrameMax, Frame.MinimumMaxSize, int.MaxValue)
        ?? Range(nameof(options.ChannelMax), options.ChannelMax, 1, ushort.MaxValue)
        ?? Heartbeat(options.Heartbeat)
        ?? (options.HandshakeTimeout <= TimeSpan.Zero ? $"HandshakeTimeout is {options.HandshakeTimeout}; expected a time above zero." : null)
        ?? Range(nameof(options.MaxConnections), options.MaxConnections, 1, int.MaxValue)
        ?? Range(nameof(options.MaxMessageSize), options.MaxMessageSize, 1, LargestMessage)
        ?? Range(nameof(options.MaxUnackedMessages), options.MaxUnackedMessages, 1, int.MaxValue)
        ?? (options.MemoryLimit is { } memory ? Range(nameof(options.MemoryLimit), memory, 1, long.MaxValue) : null)
        ?? Range(nameof(options.DiskFreeLimit), options.DiskFreeLimit, 0, long.MaxValue);

    private static string? Addresses(string setting, IList<string> addresses)
    {
        foreach (var address in addresses)
        {
            if (!ListenAddress.TryParse(address, out _))
                return $"{setting} is '{address}'; expected ADDRESS:PORT, as 127.0.0.1:5672, [::1]:5672, localhost:5672 or *:5672.";
        }

        return null;
    }

    private static string? Certificate(BrokerOptions options)
    {
        if (options.Certificate is { HasPrivateKey: false } certificate)
            return $"Certificate is {certificate.Subject} without its private key; expected a certificate with it.";
        return options.ListenTls.Count > 0 && options.Certificate is null
            ? $"ListenTls is '{options.ListenTls[0]}' and Certificate is null; expected the certificate to show there."
            : null;
    }

    /// <summary>What is wrong with a user; null when nothing is.</summary>
    public static string? UserProblem(string name, BrokerUser user)
    {
        if (name.Length == 0)
            return "Users has a user with an empty name; expected a name.";
        if (user.Password.Length == 0)
            return $"Users:{name}:Password is empty; expected a password.";
        foreach (var (host, permissions) in user.Permissions ?? new Dictionary<string, BrokerPermissions>())
        {
            var setting = $"Users:{name}:Permissions:{host}";
            var problem = Pattern($"{setting}:{nameof(permissions.Configure)}", permissions.Configure)
                ?? Pattern($"{setting}:{nameof(permissions.Write)}", permissions.Write)
                ?? Pattern($"{setting}:{nameof(permissions.Read)}", permissions.Read);
            if (problem is not null)
                return problem;
        }

        return null;
    }

    private static string? Pattern(string setting, string pattern)
    {
        try
        {
            _ = new NamePattern(pattern);
            return null;
        }
        catch (ArgumentException error)
        {
            return $"{setting} is '{pattern}'; expected a regular expression: {error.Message}";
        }
    }

    private static string? VirtualHosts(BrokerOptions options)
    {
        if (options.VirtualHosts.Count == 0)
            return "VirtualHosts is empty; expected the name of a virtual host, as /.";
        return options.VirtualHosts.FirstOrDefault(name => !IsVirtualHostName(name)) is { } wrong
            ? $"VirtualHosts has '{wrong}'; expected a name of 1 to 255 bytes."
            : null;
    }

    /// <summary>True for a name a virtual host can have: it travels as a short string.</summary>
    public static bool IsVirtualHostName(string name) => name.Length > 0 && Encoding.UTF8.GetByteCount(name) <= byte.MaxValue;

    private static string? Heartbeat(TimeSpan heartbeat) =>
        heartbeat < TimeSpan.Zero || heartbeat > TimeSpan.FromSeconds(ushort.MaxValue) || heartbeat.Ticks % TimeSpan.TicksPerSecond != 0
            ? $"Heartbeat is {heartbeat}; expected whole seconds from 0 to {ushort.MaxValue}."
            : null;

    private static string? Range(string setting, long value, long least, long most) => value < least || value > most
        ? string.Create(CultureInfo.InvariantCulture, $"{setting} is {value}; expected a number from {least}{(most is int.MaxValue or long.MaxValue ? "" : $" to {most}")}.")
        : null;
}
