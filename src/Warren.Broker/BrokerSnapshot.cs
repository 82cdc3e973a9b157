namespace Warren.Broker;

/// <summary>What a broker holds at one moment. Each virtual host is seen at one moment; between two of them something may have moved.</summary>
/// <remarks>
/// Rates are of the last two to five seconds while snapshots are taken regularly, of the time since the last snapshot if that is longer
/// ago, and zero in the first one that shows a thing.
/// </remarks>
public sealed record BrokerSnapshot
{
    /// <summary>When it was taken, by the broker's clock.</summary>
    public required DateTimeOffset Taken { get; init; }

    /// <summary>The virtual hosts, by name.</summary>
    public required IReadOnlyList<VirtualHostSnapshot> VirtualHosts { get; init; }

    /// <summary>The open connections, the oldest first.</summary>
    public required IReadOnlyList<ConnectionSnapshot> Connections { get; init; }

    /// <summary>What is scarce, so that publishers are blocked: <c>memory</c>, <c>disk</c>.</summary>
    public required IReadOnlyList<string> Alarms { get; init; }

    /// <summary>What waiting messages take in memory.</summary>
    public required MemorySnapshot Memory { get; init; }

    /// <summary>What the data directory holds; null for a broker that keeps nothing.</summary>
    public required StoreSnapshot? Store { get; init; }

    /// <summary>The queue of a name; null when there is none.</summary>
    public QueueSnapshot? FindQueue(string name, string virtualHost = "/") => FindHost(virtualHost)?.Queues.FirstOrDefault(queue => queue.Name == name);

    /// <summary>The exchange of a name; null when there is none.</summary>
    public ExchangeSnapshot? FindExchange(string name, string virtualHost = "/") =>
        FindHost(virtualHost)?.Exchanges.FirstOrDefault(exchange => exchange.Name == name);

    /// <summary>How fast messages went through a queue since an earlier snapshot; zero for a queue that was not in both.</summary>
    public QueueRates RatesSince(BrokerSnapshot earlier, string queue, string virtualHost = "/")
    {
        var seconds = (Taken - earlier.Taken).TotalSeconds;
        return seconds > 0 && FindQueue(queue, virtualHost) is { } now && earlier.FindQueue(queue, virtualHost) is { } then && now.Published >= then.Published
            ? new((now.Published - then.Published) / seconds, (now.Delivered - then.Delivered) / seconds, (now.Acked - then.Acked) / seconds)
            : default;
    }

    private VirtualHostSnapshot? FindHost(string name) => VirtualHosts.FirstOrDefault(host => host.Name == name);
}

/// <summary>What waiting messages take in memory.</summary>
/// <param name="Bytes">All of it, about.</param>
/// <param name="ContentBytes">Of that, properties and bodies; those of messages deep in their queues are on disk instead when it gets much.</param>
/// <param name="Limit">Where the memory alarm is raised.</param>
public sealed record MemorySnapshot(long Bytes, long ContentBytes, long Limit);

/// <summary>What the data directory holds.</summary>
/// <param name="Segments">How many files the log has.</param>
/// <param name="LogBytes">Bytes of its records.</param>
/// <param name="LiveBytes">Of those, the ones that belong to messages in queues; the others go by and by.</param>
/// <param name="PendingBytes">Bytes that wait for the disk.</param>
/// <param name="Recovery">What was found when it was opened.</param>
public sealed record StoreSnapshot(int Segments, long LogBytes, long LiveBytes, long PendingBytes, RecoverySnapshot Recovery);

/// <summary>What a broker found in its data directory when it started.</summary>
/// <param name="WasClosed">True when the broker before was stopped in order, or there was none; false after a crash.</param>
/// <param name="Messages">How many messages were found, each counted once however many queues it is in.</param>
/// <param name="TruncatedBytes">Bytes of an unfinished write at the end of the log, which nobody had a confirm for.</param>
/// <param name="Damaged">What could not be read and was passed over, in words: it had been confirmed. Empty unless a disk has failed.</param>
/// <param name="Took">How long reading took.</param>
public sealed record RecoverySnapshot(bool WasClosed, long Messages, long TruncatedBytes, IReadOnlyList<string> Damaged, TimeSpan Took);
