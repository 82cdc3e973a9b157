using Microsoft.Extensions.Configuration;
using Warren.Broker;

namespace Warren.Cli.Serving;

/// <summary>Who may do what on the embedded broker: <c>Warren:Broker:Users</c> and <c>Warren:Broker:VirtualHosts</c>.</summary>
internal static class BrokerAccess
{
    private static readonly string[] OfUser = ["Password", "PasswordFile", "Tags", "Permissions"];
    private static readonly string[] OfPermissions = ["Configure", "Write", "Read"];

    /// <summary>Adds the users and virtual hosts of the settings to those that are there without any: <c>guest</c> and <c>/</c>.</summary>
    /// <exception cref="UsageException">A setting is not one, or cannot be read.</exception>
    public static void AddTo(BrokerOptions options, IConfiguration configuration)
    {
        foreach (var host in Items(configuration.GetSection("Warren:Broker:VirtualHosts")).Where(host => !options.VirtualHosts.Contains(host)))
            options.VirtualHosts.Add(host);
        foreach (var user in configuration.GetSection("Warren:Broker:Users").GetChildren())
            options.Users[user.Key] = Read(user, options.VirtualHosts);
    }

    private static BrokerUser Read(IConfigurationSection user, ICollection<string> hosts)
    {
        DemandKnown(user, OfUser);
        var permissions = user.GetSection("Permissions").GetChildren().ToList();
        return new()
        {
            Password = Password(user),
            Tags = Items(user.GetSection("Tags")),
            Permissions = permissions.Count == 0 ? null : permissions.ToDictionary(host => host.Key, host => Permissions(host, hosts), StringComparer.Ordinal),
        };
    }

    private static string Password(IConfigurationSection user)
    {
        if (user["PasswordFile"] is not { } file)
            return user["Password"] ?? "";
        if (user["Password"] is not null)
            throw new UsageException($"{user.Path} has both Password and PasswordFile; one of them was expected.");
        try
        {
            return File.ReadAllText(file).TrimEnd('\r', '\n');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"{user.Path}:PasswordFile cannot be read: {error.Message}");
        }
    }

    // What is not named is not guessed: a forgotten pattern would give more, or less, than was meant.
    private static BrokerPermissions Permissions(IConfigurationSection host, ICollection<string> hosts)
    {
        DemandKnown(host, OfPermissions);
        if (!hosts.Contains(host.Key))
            throw new UsageException($"{host.Path} is for a virtual host that does not exist; Warren:Broker:VirtualHosts has {string.Join(", ", hosts)}.");
        if (OfPermissions.FirstOrDefault(pattern => host[pattern] is null) is { } missing)
            throw new UsageException($"{host.Path} has no {missing}; Configure, Write and Read were expected, each a regular expression, or empty for nothing.");
        return new() { Configure = host["Configure"]!, Write = host["Write"]!, Read = host["Read"]! };
    }

    private static List<string> Items(IConfigurationSection list) => list.Value is { Length: > 0 } one
        ? [.. one.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]
        : [.. list.GetChildren().Select(item => item.Value ?? "")];

    private static void DemandKnown(IConfigurationSection section, string[] known)
    {
        if (section.Value is { Length: > 0 })
            throw new UsageException($"{section.Path} is a text; {string.Join(", ", known.Select(name => $"{section.Path}:{name}"))} were expected.");
        if (section.GetChildren().FirstOrDefault(child => !known.Contains(child.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            throw SettingReader.Unknown(unknown, section.Path, known);
    }
}
