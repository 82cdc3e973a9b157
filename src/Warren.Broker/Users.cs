using System.Collections.Concurrent;

namespace Warren.Broker;

/// <summary>All who may log in; users can be added while the broker runs.</summary>
internal sealed class Users
{
    // Asked in place of a user there is not, so that the time of an answer does not tell which names exist.
    private static readonly User Nobody = new("", new() { Password = Guid.NewGuid().ToString() }, loopbackOnly: true);

    private readonly ConcurrentDictionary<string, User> _users = new(StringComparer.Ordinal);
    private readonly HashSet<string> _loopbackOnly;

    public Users(BrokerOptions options)
    {
        _loopbackOnly = new(options.LoopbackUsers, StringComparer.Ordinal);
        foreach (var (name, user) in options.Users)
            Set(name, user);
    }

    /// <summary>Adds a user, or puts another in the place of the one of this name; connections that are open keep theirs.</summary>
    public void Set(string name, BrokerUser user) => _users[name] = new(name, user, _loopbackOnly.Contains(name));

    /// <summary>The user of this name; null when there is none.</summary>
    public User? Find(string name) => _users.GetValueOrDefault(name);

    /// <summary>The user of this name with this password; null for every other pair.</summary>
    public User? LogIn(string name, ReadOnlySpan<byte> password)
    {
        var user = _users.GetValueOrDefault(name, Nobody);
        return user.HasPassword(password) && user != Nobody ? user : null;
    }
}
