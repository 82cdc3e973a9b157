namespace Warren.Broker.Host;

/// <summary>A user whose harm is bounded: whatever is sent in this name, only a few queues can come of it, and only a few can be used.</summary>
internal static class HostileUser
{
    /// <summary>The name, and the password.</summary>
    public const string Name = "hostile";

    /// <summary>The user.</summary>
    public static BrokerUser Make()
    {
        var permissions = new BrokerPermissions { Configure = "^hostile-[q-z]$", Write = "^hostile-[a-z]$", Read = "^hostile-[a-z]$" };
        return new() { Password = Name, Permissions = new Dictionary<string, BrokerPermissions> { ["/"] = permissions } };
    }
}
