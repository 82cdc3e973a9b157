using Warren.Benchmarks.Brokers;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Running;

/// <summary>Runs one variant on a broker, on a queue of its own, and counts on the broker what it did.</summary>
/// <param name="broker">The broker.</param>
/// <param name="options">The times.</param>
internal sealed class VariantRunner(BenchBroker broker, BenchOptions options)
{
    /// <summary>Runs a variant once.</summary>
    /// <exception cref="VariantFailedException">It failed, or its messages do not add up.</exception>
    public async Task<VariantReport> RunAsync(
        Work work, VariantDescription variant, VariantProgram program, QueueKind kind, int size, CancellationToken cancellationToken)
    {
        await using var queue = await BenchQueue.DeclareAsync(broker.Url, kind, cancellationToken);
        var job = new VariantJob
        {
            Work = work.Name,
            Library = variant.Library,
            Variant = variant.Name,
            Broker = broker.Url,
            BrokerProcess = broker.ProcessId,
            Queue = queue.Name,
            QueueKind = kind,
            Size = size,
            WarmUpSeconds = options.WarmUpSeconds,
            Seconds = options.Seconds,
            Messages = variant.Backlogs * work.Backlog?.Invoke(kind, size, options.WarmUpSeconds + options.Seconds) ?? 0,
        };
        var filled = 0L;
        if (job.Messages > 0)
        {
            filled = (await program.FillAsync(job, cancellationToken)).Published;
            await queue.ExpectAsync(job.Messages, cancellationToken);
        }
        var report = await program.RunAsync(job, cancellationToken);
        if (filled > 0 && report.Consumed != filled)
            throw new VariantFailedException($"{report.Consumed} messages were consumed; {filled} were in the queue.");
        // What was confirmed and not consumed must be there, no more and no less.
        await queue.ExpectAsync(filled + report.Published - report.Consumed, cancellationToken);
        return report;
    }
}
