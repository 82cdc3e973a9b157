using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Tests.Processes;

namespace Warren.Broker.Tests.Durability;

/// <summary>The queues of the storm, each with a promise of its own, and the paths of messages through them.</summary>
internal static class StormPaths
{
    /// <summary>How many messages wait at most in <see cref="Limited"/>.</summary>
    public const int Limit = 50;

    /// <summary>The highest priority of <see cref="Priority"/>.</summary>
    public const int HighestPriority = 5;

    /// <summary>The exchange that copies a message to <see cref="CopyA"/> and <see cref="CopyB"/>.</summary>
    public const string Copies = "copies";

    public static Path Classic { get; } = new("classic");

    public static Path Quorum { get; } = new("quorum", IsQuorum: true);

    public static Path Priority { get; } = new("priority");

    public static Path Doubtful { get; } = new("doubtful", "rejected", "rejected");

    public static Path Brief { get; } = new("brief", "expired", "expired");

    public static Path Limited { get; } = new("limited", "overflowed", "maxlen");

    public static Path CopyA { get; } = new("copy-a");

    public static Path CopyB { get; } = new("copy-b", IsQuorum: true);

    public static Path TxA { get; } = new("tx-a");

    public static Path TxB { get; } = new("tx-b", IsQuorum: true);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Path> All { get; } = [Classic, Quorum, Priority, Doubtful, Brief, Limited, CopyA, CopyB, TxA, TxB];

    /// <summary>All queues, each with the path that leads there.</summary>
    public static IReadOnlyDictionary<string, Path> Queues { get; } = All
        .SelectMany(path => path.DeadLetterQueue is { } dead ? [(Name: path.Queue, Path: path), (dead, path)] : new[] { (Name: path.Queue, Path: path) })
        .ToDictionary(queue => queue.Name, queue => queue.Path);

    /// <summary>Declares everything.</summary>
    public static async Task DeclareAsync(LoadClient client)
    {
        await client.OpenChannelAsync(1);
        foreach (var (queue, path) in Queues)
            await client.DeclareAsync(1, queue, queue == path.Queue ? Arguments(path) : null);
        client.Write(1, new ExchangeDeclare(Copies, "fanout", Passive: false, Durable: true, AutoDelete: false, Internal: false, NoWait: false, FieldTable.Empty));
        await client.CallAsync(MethodId.ExchangeDeclareOk);
        foreach (var path in (Path[])[CopyA, CopyB])
        {
            client.Write(1, new QueueBind(path.Queue, Copies, "", NoWait: false, FieldTable.Empty));
            await client.CallAsync(MethodId.QueueBindOk);
        }
    }

    private static FieldTable Arguments(Path path)
    {
        var arguments = FieldTable.Empty;
        if (path.IsQuorum)
            arguments = arguments.With("x-queue-type", "quorum");
        if (path.DeadLetterQueue is { } queue)
            arguments = arguments.With("x-dead-letter-exchange", "").With("x-dead-letter-routing-key", queue);
        if (path == Priority)
            arguments = arguments.With("x-max-priority", HighestPriority);
        if (path == Brief)
            arguments = arguments.With("x-message-ttl", 200);
        if (path == Limited)
            arguments = arguments.With("x-max-length", Limit);
        return arguments;
    }
}
