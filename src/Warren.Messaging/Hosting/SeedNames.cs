using System.Globalization;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Hosting;

/// <summary>
/// The names under which services in other languages already find their broker: flat keys such as <c>RABBITMQ_HOST</c>, usually
/// environment variables. They concern the bus without a key only.
/// </summary>
internal sealed class SeedNames(ConfigurationLayers layers)
{
    private static readonly string[] Flags = ["RABBITMQ_ENABLED", "ENABLE_RABBITMQ"];

    /// <summary>The seed names of a setting, as documentation shows them.</summary>
    public static IReadOnlyDictionary<string, string> BySetting { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(MessagingOptions.Url)] =
            "`RABBITMQ_URL` (or `RABBITMQ_URL_FILE`), else `RABBITMQ_HOST`, `RABBITMQ_PORT`, `RABBITMQ_USER` or `RABBITMQ_USERNAME`, "
            + "`RABBITMQ_PASSWORD` (or `RABBITMQ_PASSWORD_FILE`), `RABBITMQ_VHOST`, `RABBITMQ_SSL`",
        [nameof(MessagingOptions.Enabled)] = "`RABBITMQ_ENABLED`, `ENABLE_RABBITMQ`",
    };

    /// <summary>The flag of <c>RABBITMQ_ENABLED</c> or <c>ENABLE_RABBITMQ</c>. Two that disagree are an error.</summary>
    public (bool Flag, string Source)? FindEnabled(ICollection<string> errors)
    {
        var flags = Flags
            .Select(name => layers.Find(name))
            .OfType<FoundValue>()
            .Select(found => (found.Value, found.Source, Flag: ReadFlag(found, errors)))
            .Where(found => found.Flag is not null)
            .ToList();
        if (flags is [var one, var other] && one.Flag != other.Flag)
            errors.Add($"{one.Source} is '{one.Value}' and {other.Source} is '{other.Value}'; expected both to say the same, or one of them alone.");
        return flags is [var first, ..] ? (first.Flag!.Value, first.Source) : null;
    }

    /// <summary>The URL of <c>RABBITMQ_URL</c>, or one made of its parts if they name a host.</summary>
    public FoundValue? FindUrl(ICollection<string> errors) =>
        layers.Find("RABBITMQ_URL", orFile: true, errors) ?? (FindHost(errors) is { } host ? Compose(host, errors) : null);

    /// <summary>The URL for an application that says it has a broker and not where: localhost, with the parts that are set.</summary>
    public FoundValue DefaultUrl(ICollection<string> errors) =>
        Compose(new FoundValue("localhost", "default, because Enabled is true and nothing names a broker"), errors);

    private FoundValue? FindHost(ICollection<string> errors)
    {
        if (layers.Find("RABBITMQ_HOST") is not { } host)
            return FindPort(errors) is { Host: { } linked } link ? new FoundValue(BrokerAddress.Bracketed(linked), link.Source) : null;
        if (!host.Value.AsSpan().ContainsAny("/@?#"))
            return host;
        // Not repeated: what stands here instead of a host name is most often a URL with its password.
        errors.Add($"{host.Source} is not a host name; expected one or several host names separated by commas. A whole URL belongs into RABBITMQ_URL.");
        return null;
    }

    private FoundValue Compose(FoundValue hosts, ICollection<string> errors)
    {
        var port = FindPort(errors)?.Port is { } number ? $":{number.ToString(CultureInfo.InvariantCulture)}" : "";
        var tls = layers.Find("RABBITMQ_SSL") is { } ssl && ReadFlag(ssl, errors) == true;
        var user = FindUser(errors) is { } name ? Uri.EscapeDataString(name) : "guest";
        var password = layers.Find("RABBITMQ_PASSWORD", orFile: true, errors) is { } secret ? Uri.EscapeDataString(secret.Value) : "guest";
        // Where the parts are pasted into a URL by hand the virtual host / has to be written %2F.
        var virtualHost = layers.Find("RABBITMQ_VHOST")?.Value is { } found && found is not ("/" or "%2F" or "%2f") ? Uri.EscapeDataString(found) : "";
        var authority = string.Join(',', hosts.Value.Split(',').Select(host => WithPort(host.Trim(), port)));
        return new FoundValue($"{(tls ? "amqps" : "amqp")}://{user}:{password}@{authority}/{virtualHost}", hosts.Source);
    }

    private static string WithPort(string host, string port) =>
        System.Net.IPAddress.TryParse(host, out _) && !host.StartsWith('[') ? BrokerAddress.Bracketed(host) + port
        : host.LastIndexOf(':') > host.LastIndexOf(']') ? host
        : host + port;

    private string? FindUser(ICollection<string> errors)
    {
        var user = layers.Find("RABBITMQ_USER");
        var userName = layers.Find("RABBITMQ_USERNAME");
        if (user is not null && userName is not null && user.Value != userName.Value)
            errors.Add($"{user.Source} is '{user.Value}' and {userName.Source} is '{userName.Value}'; expected both to say the same, or one of them alone.");
        return (user ?? userName)?.Value;
    }

    /// <summary>A port, or the service link <c>tcp://10.0.0.1:5672</c> that Kubernetes puts under this name for a service called rabbitmq.</summary>
    private (string? Host, int Port, string Source)? FindPort(ICollection<string> errors)
    {
        if (layers.Find("RABBITMQ_PORT") is not { } found)
            return null;
        if (int.TryParse(found.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535)
            return (null, port, found.Source);
        if (found.Value.StartsWith("tcp://", StringComparison.OrdinalIgnoreCase))
        {
            try
            {
                var link = BrokerAddress.Parse("amqp" + found.Value[3..]).Hosts[0];
                return (link.Host, link.Port, found.Source);
            }
            catch (ArgumentException)
            {
                // Said below, in the words of this setting.
            }
        }

        var message = $"{found.Source} is '{found.Value}'; expected a port from 1 to 65535, or a service link such as tcp://10.0.0.1:5672.";
        if (!errors.Contains(message))
            errors.Add(message);
        return null;
    }

    private static bool? ReadFlag(FoundValue found, ICollection<string> errors)
    {
        if (SettingWords.TryParseFlag(found.Value, out var flag))
            return flag;
        errors.Add($"{found.Source} is '{found.Value}'; expected {SettingWords.ExpectedFlag}.");
        return null;
    }
}
