using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Folding;

/// <summary>Folds what workers report into the jobs: the messages that wait, in one transaction. They are acknowledged after it.</summary>
internal sealed partial class ReportFolder(JobChanges changes, TimeProvider time, ILogger<ReportFolder> logger)
{
    private readonly FoldRate _rate = new(time);

    /// <summary>How many messages were folded in the last 5 seconds.</summary>
    public int LatelyFolded => _rate.Count;

    /// <summary>Reads a message, and says what is wrong with it if something is.</summary>
    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static ReportMessage Read(ReadOnlyMemory<byte> body)
    {
        var message = ProtocolJson.Read<ReportMessage>(body);
        if (string.IsNullOrWhiteSpace(message.Session))
            throw new JsonException("session is missing.");
        foreach (var report in message.Reports)
        {
            if (report is null || report.Seq < 1 || report.Attempt < 1)
                throw new JsonException("A report has no attempt or seq from 1.");
            if (report is UsageReport { Usage: { InputTokens: < 0 } or { OutputTokens: < 0 } } usage)
                throw new JsonException($"A report has {usage.Usage.InputTokens} and {usage.Usage.OutputTokens} tokens; 0 or more were expected.");
        }
        return message;
    }

    /// <summary>Folds messages, in order.</summary>
    public async Task<IReadOnlyList<bool>> FoldAsync(IReadOnlyList<ReportMessage> messages, CancellationToken cancellationToken)
    {
        var ids = messages.SelectMany(message => message.Reports).Select(report => report.Job).ToHashSet();
        var counts = await changes.MakeAsync(
            ids,
            (batch, moves) =>
            {
                var counts = new int[Enum.GetValues<Folded>().Length];
                foreach (var message in messages)
                {
                    foreach (var report in message.Reports)
                        counts[(int)ReportMoves.Fold(batch, moves, message.Session, report)]++;
                }
                return counts;
            },
            cancellationToken);
        _rate.Add(messages.Count);
        if (counts[(int)Folded.Fenced] > 0)
            Log.Fenced(logger, counts[(int)Folded.Fenced]);
        if (counts[(int)Folded.Unknown] > 0)
            Log.Unknown(logger, counts[(int)Folded.Unknown]);
        return new bool[messages.Count];
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Count} reports came from attempts that were superseded; only the tokens they spent were booked")]
        public static partial void Fenced(ILogger logger, int count);

        [LoggerMessage(LogLevel.Warning, "{Count} reports are about jobs that do not exist")]
        public static partial void Unknown(ILogger logger, int count);
    }
}
