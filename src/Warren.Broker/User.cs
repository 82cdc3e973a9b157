using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Warren.Broker;

/// <summary>A user as the broker checks one: at the login, on entering a virtual host, and for every exchange and queue that is named.</summary>
internal sealed class User
{
    private const string DefaultExchange = "amq.default";

    private readonly ConcurrentDictionary<string, Permissions>? _permissions;
    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _password;

    public User(string name, BrokerUser options, bool loopbackOnly)
    {
        Name = name;
        Tags = [.. options.Tags];
        IsLoopbackOnly = loopbackOnly;
        _password = Hash(Encoding.UTF8.GetBytes(options.Password));
        if (options.Permissions is not { } given)
            return;
        _permissions = new(StringComparer.Ordinal);
        foreach (var (virtualHost, permissions) in given)
            Grant(virtualHost, permissions);
    }

    /// <summary>The name; a message's <c>user_id</c> must be the same.</summary>
    public string Name { get; }

    /// <summary>The tags, as <c>administrator</c>.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>True when the user has the tag.</summary>
    public bool HasTag(string tag) => Tags.Contains(tag);

    /// <summary>True when the user is let in from this machine only.</summary>
    public bool IsLoopbackOnly { get; }

    /// <summary>True when this is the password; it takes as long for every wrong one.</summary>
    public bool HasPassword(ReadOnlySpan<byte> password) => CryptographicOperations.FixedTimeEquals(Hash(password), _password);

    /// <summary>Sets what the user may do in a virtual host from now on; one who may do everything everywhere keeps that.</summary>
    public void Grant(string virtualHost, BrokerPermissions permissions)
    {
        if (_permissions is not null)
            _permissions[virtualHost] = new(new(permissions.Configure), new(permissions.Write), new(permissions.Read));
    }

    /// <summary>True when the user may open the virtual host.</summary>
    public bool CanEnter(string virtualHost) => _permissions is null || _permissions.ContainsKey(virtualHost);

    /// <summary>True when the user may declare or delete the exchange or queue.</summary>
    public bool CanConfigure(string virtualHost, string name) => _permissions is null || In(virtualHost) is { } may && may.Configure.Matches(Named(name));

    /// <summary>True when the user may publish to the exchange, or bind the queue or exchange.</summary>
    public bool CanWrite(string virtualHost, string name) => _permissions is null || In(virtualHost) is { } may && may.Write.Matches(Named(name));

    /// <summary>True when the user may consume or purge the queue, or bind from the exchange.</summary>
    public bool CanRead(string virtualHost, string name) => _permissions is null || In(virtualHost) is { } may && may.Read.Matches(Named(name));

    private static string Named(string name) => name.Length == 0 ? DefaultExchange : name;

    private Permissions? In(string virtualHost) => _permissions!.GetValueOrDefault(virtualHost);

    private byte[] Hash(ReadOnlySpan<byte> password) => HMACSHA256.HashData(_salt, password);

    private sealed record Permissions(NamePattern Configure, NamePattern Write, NamePattern Read);
}
