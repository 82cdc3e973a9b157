namespace Warren.Broker;

/// <summary>A user who may log in: the password, and what may be done in which virtual host.</summary>
public sealed class BrokerUser
{
    /// <summary>The password. There is no default: a user without one is a start error.</summary>
    public string Password { get; set; } = "";

    /// <summary>The user's tags, as <c>administrator</c> or <c>monitoring</c>. The default is none.</summary>
    public IList<string> Tags { get; set; } = [];

    /// <summary>
    /// What the user may do, by virtual host; one that is not named may not be opened. The default is null: everything in every
    /// virtual host, also in those that are created later.
    /// </summary>
    public IDictionary<string, BrokerPermissions>? Permissions { get; set; }
}

/// <summary>
/// Which names of exchanges and queues a user may configure, write to and read from: regular expressions that match anywhere in the
/// name unless they are anchored; an empty one matches no name. The default exchange has the name <c>amq.default</c> here.
/// </summary>
public sealed class BrokerPermissions
{
    /// <summary>What may be declared and deleted. The default is <c>.*</c>.</summary>
    public string Configure { get; set; } = ".*";

    /// <summary>What may be published to or bound. The default is <c>.*</c>.</summary>
    public string Write { get; set; } = ".*";

    /// <summary>What may be consumed, purged or bound from. The default is <c>.*</c>.</summary>
    public string Read { get; set; } = ".*";
}
