using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Warren.Coordinator;
using Warren.Coordinator.Storage;

namespace Warren.Server.Security;

/// <summary>
/// The API keys: those in the store, of which only a hash is kept, and the one of the settings. A key that is revoked elsewhere is refused
/// here within 2 seconds.
/// </summary>
/// <remarks>A key is <c>wrn_&lt;id&gt;_&lt;secret&gt;</c>; the secret has 256 random bits, so that a plain SHA-256 of it gives nothing away.</remarks>
internal sealed class ApiKeys(JobCoordinator coordinator, IOptions<ServerOptions> options, TimeProvider time)
{
    private const string Mark = "wrn_";

    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(2);

    private readonly byte[]? _adminHash = options.Value.AdminKey is { } key ? Hash(key) : null;
    private Known? _known;

    /// <summary>Whether there is any key that is valid.</summary>
    public async ValueTask<bool> ExistAsync(CancellationToken cancellationToken) =>
        _adminHash is not null || (await KnowAsync(cancellationToken)).ById.Count > 0;

    /// <summary>Who has a key; null if it is not valid.</summary>
    public async ValueTask<Caller?> FindAsync(string key, CancellationToken cancellationToken)
    {
        var hash = Hash(key);
        if (_adminHash is not null && CryptographicOperations.FixedTimeEquals(hash, _adminHash))
            return new("settings", Role.Admin, "settings");
        if (!key.StartsWith(Mark, StringComparison.Ordinal) || key.IndexOf('_', Mark.Length) is not (> 0 and var end))
            return null;
        var known = await KnowAsync(cancellationToken);
        return known.ById.TryGetValue(key[Mark.Length..end], out var record) && CryptographicOperations.FixedTimeEquals(hash, record.Hash.Span)
            && Roles.TryParse(record.Role, out var role)
                ? new(record.Name, role, record.Id)
                : null;
    }

    /// <summary>Makes a key. Its text is nowhere but in the answer.</summary>
    /// <returns>The key; null if the name is taken.</returns>
    public async Task<(KeyRecord Record, string Text)?> CreateAsync(string name, Role role, CancellationToken cancellationToken)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        var text = $"{Mark}{id}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}";
        var record = new KeyRecord(id, name, Roles.Name(role), Hash(text), time.GetUtcNow(), null);
        var added = await coordinator.Store.AddKeyAsync(record, cancellationToken);
        _known = null;
        return added ? (record, text) : null;
    }

    /// <summary>Revokes a key by id or name.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> RevokeAsync(string idOrName, CancellationToken cancellationToken)
    {
        var revoked = await coordinator.Store.RevokeKeyAsync(idOrName, time.GetUtcNow(), cancellationToken);
        _known = null;
        return revoked;
    }

    /// <summary>All keys, the revoked ones too.</summary>
    public Task<IReadOnlyList<KeyRecord>> ListAsync(CancellationToken cancellationToken) => coordinator.Store.ListKeysAsync(cancellationToken);

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private async ValueTask<Known> KnowAsync(CancellationToken cancellationToken)
    {
        var known = _known;
        if (known is not null && time.GetElapsedTime(known.At) < KnownFor)
            return known;
        try
        {
            var records = await coordinator.Store.ListKeysAsync(cancellationToken);
            var fresh = new Known(records.Where(record => record.RevokedAt is null).ToDictionary(record => record.Id, StringComparer.Ordinal), time.GetTimestamp());
            _known = fresh;
            return fresh;
        }
        catch (StoreUnavailableException) when (known is not null)
        {
            // Who was let in a moment ago still is; without the store there is little to be had anyway.
            return known;
        }
    }

    private sealed record Known(Dictionary<string, KeyRecord> ById, long At);
}
