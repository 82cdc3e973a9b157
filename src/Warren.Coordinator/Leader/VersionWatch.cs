namespace Warren.Coordinator.Leader;

/// <summary>Watches versions, and knows for how long each has stood still since it was first seen here.</summary>
internal sealed class VersionWatch<TKey>(TimeProvider time)
    where TKey : notnull
{
    private readonly Dictionary<TKey, (long Version, long Since)> _seen = [];

    /// <summary>Looks at a version: whether it has stood still for a time, all of which it was watched.</summary>
    public bool StoodStill(TKey key, long version, TimeSpan period)
    {
        if (!_seen.TryGetValue(key, out var seen) || seen.Version != version)
        {
            _seen[key] = (version, time.GetTimestamp());
            return false;
        }
        return time.GetElapsedTime(seen.Since) >= period;
    }

    /// <summary>Forgets all but some: the others are gone.</summary>
    public void KeepOnly(IEnumerable<TKey> keys)
    {
        var kept = keys.ToHashSet();
        foreach (var gone in _seen.Keys.Where(key => !kept.Contains(key)).ToList())
            _seen.Remove(gone);
    }

    /// <summary>Forgets one: it is to be watched anew.</summary>
    public void Forget(TKey key) => _seen.Remove(key);

    /// <summary>Forgets all.</summary>
    public void Clear() => _seen.Clear();
}
