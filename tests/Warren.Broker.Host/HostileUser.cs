namespace Warren.Broker.Host;

/// <summary>A user whose harm is bounded: whatever is sent in this name, only a few exchanges and queues can come of it.</summary>
internal static class HostileUser
{
    /// <summary>The name, and the password.</summary>
    public const string Name = "hostile";

    private const string Few = "^hostile-[a-z]{1,2}$";

    /// <summary>The user.</summary>
    public static BrokerUser Make() => new()
    {
        Password = Name,
        Permissions = new Dictionary<string, BrokerPermissions> { ["/"] = new() { Configure = Few, Write = Few, Read = Few } },
    };
}
