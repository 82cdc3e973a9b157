using System.Globalization;
using System.Text.RegularExpressions;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Warren.Jobs.Protocol;
using Warren.Messaging.Retries;
using Warren.Messaging.Topology;

namespace Warren.Cli.Doctor;

/// <summary>What AMQP can tell of queues without changing them: whether they exist, their counts, and a hint at how they were declared.</summary>
internal sealed partial class QueueLook(IConnection connection, ServerVersion version)
{
    private static readonly QueueDefinition[] Own =
    [
        new(WireNames.SubmitQueue), new(WireNames.FoldQueue),
        new(WireNames.ClaimQueue) { Type = QueueType.Classic }, new(WireNames.RequestQueue) { Type = QueueType.Classic },
    ];

    /// <summary>The queues in which messages wait for their next attempt.</summary>
    public async Task<IReadOnlyList<Check>> AtTheLadderAsync(CancellationToken cancellationToken)
    {
        var rungs = new List<(int Seconds, uint Waiting)>();
        for (var seconds = 1; seconds <= RetryLadder.LongestRung; seconds *= 2)
        {
            if (await FindAsync(RetryLadder.RungName(seconds), cancellationToken) is { Declared: { } rung })
                rungs.Add((seconds, rung.MessageCount));
        }

        var waiting = rungs.Where(rung => rung.Waiting > 0).Select(rung => string.Create(CultureInfo.InvariantCulture, $"{rung.Waiting} for {rung.Seconds} s")).ToList();
        return
        [
            new Check(
                "retry ladder", CheckStatus.Ok,
                rungs.Count == 0 ? "not there yet; the first message that fails makes it"
                : $"{rungs.Count} of 13 rungs (warren.delay.{string.Join(", ", rungs.Select(rung => rung.Seconds))}); waiting: {(waiting.Count == 0 ? "none" : string.Join(", ", waiting))}"),
        ];
    }

    /// <summary>The queues a Warren works with; one line if there are none, and one for each if there are some.</summary>
    public async Task<IReadOnlyList<Check>> AtWarrenAsync(CancellationToken cancellationToken)
    {
        var checks = new List<Check>();
        var found = 0;
        foreach (var queue in Own)
        {
            var name = $"queue {queue.Name}";
            var (declared, refusal) = await FindAsync(queue.Name, cancellationToken);
            found += declared is null && refusal is null ? 0 : 1;
            if (refusal is not null)
                checks.Add(new Check(name, CheckStatus.Fail, refusal, "Ask for permission, or wait until the connection that holds it exclusively ends."));
            else if (declared is null)
                checks.Add(new Check(name, CheckStatus.Fail, "it does not exist, and others of Warren's do", "A server declares it when it starts: start one, or restart the one that runs."));
            else
                checks.Add(await JudgeAsync(name, queue, declared, cancellationToken));
            if (declared is not null && queue.Type == QueueType.Quorum)
                checks.Add(await AtDeadLettersAsync(queue.Name, cancellationToken));
        }
        return found > 0 ? checks : [new Check("Warren's queues", CheckStatus.Ok, "none; no server has used this virtual host")];
    }

    /// <summary>A queue and its dead letters.</summary>
    public async Task<IReadOnlyList<Check>> AtAsync(string queue, CancellationToken cancellationToken) =>
        [await AtQueueAsync(queue, cancellationToken), await AtDeadLettersAsync(queue, cancellationToken)];

    private async Task<Check> AtQueueAsync(string queue, CancellationToken cancellationToken)
    {
        var name = $"queue {queue}";
        var (declared, refusal) = await FindAsync(queue, cancellationToken);
        if (refusal is not null)
            return new Check(name, CheckStatus.Fail, refusal, "Ask for permission, or wait until the connection that holds it exclusively ends.");
        if (declared is null)
            return new Check(name, CheckStatus.Fail, "it does not exist", "Start its consumer, which declares it, or check its name and the virtual host.");

        var (hint, problem) = await HintAsync(queue, cancellationToken);
        var detail = $"{Count(declared.MessageCount, "message")} waiting, {Count(declared.ConsumerCount, "consumer")}; {hint}";
        return declared is { MessageCount: > 0, ConsumerCount: 0 } ? new Check(name, CheckStatus.Warn, detail, "Messages wait and nobody consumes: start its consumer.")
            : problem is not null ? new Check(name, CheckStatus.Warn, detail, problem)
            : new Check(name, CheckStatus.Ok, detail);
    }

    private async Task<Check> JudgeAsync(string name, QueueDefinition queue, QueueDeclareOk declared, CancellationToken cancellationToken)
    {
        var difference = version.IsKnown ? await DifferenceAsync(queue.Name, QueueConventions.Arguments(queue), cancellationToken) : null;
        var detail = $"{Count(declared.MessageCount, "message")} waiting, {Count(declared.ConsumerCount, "consumer")}";
        return difference is not (null or "x-queue-leader-locator") ? new Check(
                name, CheckStatus.Fail, $"{detail}; declared by others in a way of their own ({difference} differs from Warren's)",
                "No server can use it like this: stop the servers, move its messages elsewhere, delete it, start a server.")
            : declared.ConsumerCount == 0 ? new Check(name, CheckStatus.Warn, detail, "No server is there: start one with `warren serve`. What waits is kept.")
            : new Check(name, CheckStatus.Ok, detail);
    }

    private async Task<Check> AtDeadLettersAsync(string queue, CancellationToken cancellationToken)
    {
        var dead = QueueConventions.DeadLetterQueue(queue);
        var (declared, refusal) = await FindAsync(dead, cancellationToken);
        return refusal is not null ? new Check($"queue {dead}", CheckStatus.Fail, refusal, "Ask for permission, or wait until the connection that holds it exclusively ends.")
            : declared is null ? new Check($"queue {dead}", CheckStatus.Ok, "not there; no message was given up")
            : declared.MessageCount == 0 ? new Check($"queue {dead}", CheckStatus.Ok, "no dead letters")
            : new Check(
                $"queue {dead}", CheckStatus.Warn, Count(declared.MessageCount, "dead letter"),
                $"See why with `warren dead-letters list {queue}` or IMessageBus.DeadLetters.ListAsync(\"{queue}\"), mend the cause, then replay them.");
    }

    private async Task<(QueueDeclareOk? Declared, string? Refusal)> FindAsync(string queue, CancellationToken cancellationToken)
    {
        // A queue that is missing closes the channel, so each look has its own.
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            return (await channel.QueueDeclarePassiveAsync(queue, cancellationToken), null);
        }
        catch (OperationInterruptedException error) when (QueueErrors.IsMissing(error))
        {
            return (null, null);
        }
        catch (OperationInterruptedException error) when (QueueErrors.IsRefusal(error))
        {
            return (null, $"{error.ShutdownReason!.ReplyCode} {error.ShutdownReason.ReplyText}");
        }
    }

    // AMQP has no way to ask for a queue's type. But RabbitMQ says what differs when a queue is declared again, and it compares before
    // it checks: the leader locator, which no queue can have, makes sure that nothing is ever created.
    private async Task<(string Hint, string? Problem)> HintAsync(string queue, CancellationToken cancellationToken)
    {
        if (!version.IsKnown)
            return ("its type is not known: only RabbitMQ 3.10 to 4.x tells", null);
        var difference = await DifferenceAsync(queue, QueueConventions.Arguments(new QueueDefinition(queue)), cancellationToken);
        if (difference is "x-queue-leader-locator")
            return ("quorum, as Warren declares it", null);
        if (difference is "durable")
        {
            return (
                "classic, transient",
                "It is lost when the broker restarts, and RabbitMQ 4 refuses such queues unless they are exclusive: declare it durable.");
        }

        var type = await DifferenceAsync(queue, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken);
        if (type is "x-queue-type")
            return ("classic", null);
        return difference is null ? ("its type is not known", null)
            : type is "x-queue-leader-locator" ? ("quorum, without further arguments", null)
            : ($"declared by others in a way of their own ({difference} differs from Warren's)", null);
    }

    private async Task<string?> DifferenceAsync(string queue, Dictionary<string, object?> arguments, CancellationToken cancellationToken)
    {
        arguments["x-queue-leader-locator"] = "none, this only asks";
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken);
            return null;
        }
        catch (OperationInterruptedException error) when (QueueErrors.IsRefusal(error))
        {
            return Inequivalent().Match(error.ShutdownReason!.ReplyText) is { Success: true } match ? match.Groups[1].Value : null;
        }
    }

    private static string Count(uint number, string noun) => string.Create(CultureInfo.InvariantCulture, $"{number:N0} {noun}{(number == 1 ? "" : "s")}");

    [GeneratedRegex("inequivalent arg '([^']+)'")]
    private static partial Regex Inequivalent();
}
