using System.Collections.Concurrent;
using System.Text.Json;
using Warren.Coordinator.Moves;
using Warren.Coordinator.Schemas;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Intake;

/// <summary>The kinds that workers have described, as far as this coordinator knows: from the store, and from the workers that speak to it.</summary>
internal sealed class KindCatalog(IJobStore store, CoordinatorOptions options, TimeProvider time) : IDisposable
{
    // Another coordinator may have heard of a kind first; a submit of a kind that is unknown here looks again, but not each time.
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, KindEntry> _kinds = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _loading = new(1);
    private long _loadedAt = long.MinValue;

    /// <inheritdoc/>
    public void Dispose() => _loading.Dispose();

    /// <summary>All kinds, by name.</summary>
    public async Task<IReadOnlyList<KindEntry>> ListAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        return [.. _kinds.Values.OrderBy(kind => kind.Name, StringComparer.Ordinal)];
    }

    /// <summary>A kind, or null if no worker has ever described it.</summary>
    public async ValueTask<KindEntry?> FindAsync(string kind, CancellationToken cancellationToken)
    {
        if (_kinds.TryGetValue(kind, out var entry))
            return entry;
        if (_loadedAt != long.MinValue && time.GetElapsedTime(_loadedAt) < LookAgainAfter)
            return null;
        await LoadAsync(cancellationToken);
        return _kinds.GetValueOrDefault(kind);
    }

    /// <summary>What the moves of a job have to know of its kind; the defaults if it is unknown here.</summary>
    public KindPolicy Policy(string kind)
    {
        var description = _kinds.GetValueOrDefault(kind)?.Description;
        return new(
            description?.Retry?.ToPolicy() ?? JobRetryPolicy.Default,
            description?.Retention is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 3650.0 * 86_400)) : options.Retention,
            options.MaxResultBytes);
    }

    /// <summary>Learns the kinds of a worker.</summary>
    public async Task LearnAsync(IReadOnlyList<KindDescription> kinds, CancellationToken cancellationToken)
    {
        var news = new List<KindRecord>();
        foreach (var kind in kinds.Where(kind => JobKind.IsValid(kind.Kind)))
        {
            var json = JsonSerializer.Serialize(kind, JobJson.Options);
            if (_kinds.TryGetValue(kind.Kind, out var known) && known.Json == json)
                continue;
            news.Add(new(kind.Kind, json, time.GetUtcNow()));
        }
        if (news.Count == 0)
            return;
        await store.SaveKindsAsync(news, cancellationToken);
        foreach (var record in news)
            _kinds[record.Kind] = new(record);
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        await _loading.WaitAsync(cancellationToken);
        try
        {
            foreach (var record in await store.ListKindsAsync(cancellationToken))
            {
                if (!_kinds.TryGetValue(record.Kind, out var known) || known.Json != record.Description)
                    _kinds[record.Kind] = new(record);
            }
            _loadedAt = time.GetTimestamp();
        }
        finally
        {
            _loading.Release();
        }
    }
}

/// <summary>A kind as a worker describes it.</summary>
internal sealed class KindEntry
{
    /// <summary>A kind out of the store.</summary>
    public KindEntry(KindRecord record)
    {
        Name = record.Kind;
        Json = record.Description;
        SeenAt = record.SeenAt;
        Description = JsonSerializer.Deserialize<KindDescription>(record.Description, JobJson.Options)
            ?? throw new InvalidOperationException($"The store holds no description of kind {record.Kind}, but null.");
        ArgsSchema = Description.ArgsSchema is { ValueKind: not JsonValueKind.Null } schema ? ArgsSchema.Read(schema) : null;
    }

    /// <summary>The kind's name.</summary>
    public string Name { get; }

    /// <summary>The description as it is in the store.</summary>
    public string Json { get; }

    /// <summary>When it was described like this first.</summary>
    public DateTimeOffset SeenAt { get; }

    /// <summary>The description.</summary>
    public KindDescription Description { get; }

    /// <summary>The schema of its args, ready to check them; null takes anything.</summary>
    public ArgsSchema? ArgsSchema { get; }
}
