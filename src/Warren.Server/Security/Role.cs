using System.Text.Json.Serialization;

namespace Warren.Server.Security;

/// <summary>What an API key may do; each role may do what those before it may.</summary>
[JsonConverter(typeof(RoleConverter))]
internal enum Role
{
    /// <summary>Looks.</summary>
    Viewer,

    /// <summary>Submits jobs, cancels them and tries them again.</summary>
    Submitter,

    /// <summary>Changes queues and dead letters.</summary>
    Operator,

    /// <summary>Makes and revokes keys, and reads who changed what.</summary>
    Admin,
}

/// <summary>Who makes a request.</summary>
/// <param name="Name">For the audit and the rate limit: a key's name, or the address of a caller without one.</param>
/// <param name="Role">What it may do.</param>
/// <param name="KeyId">The key's id; null for a caller without a key.</param>
internal sealed record Caller(string Name, Role Role, string? KeyId);

/// <summary>The names of roles.</summary>
internal static class Roles
{
    /// <summary>All of them, for messages.</summary>
    public static string All { get; } = string.Join(", ", Enum.GetValues<Role>().Select(Name));

    /// <summary>A role as it is written.</summary>
#pragma warning disable CA1308 // Names in JSON are in lower case.
    public static string Name(Role role) => role.ToString().ToLowerInvariant();
#pragma warning restore CA1308

    /// <summary>Reads a role.</summary>
    public static bool TryParse(string? text, out Role role)
    {
        role = default;
        foreach (var known in Enum.GetValues<Role>())
        {
            if (Name(known) != text)
                continue;
            role = known;
            return true;
        }
        return false;
    }
}

/// <summary>Roles in JSON.</summary>
internal sealed class RoleConverter() : JsonStringEnumConverter<Role>(System.Text.Json.JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);
