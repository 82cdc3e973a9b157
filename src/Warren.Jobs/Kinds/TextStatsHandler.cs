namespace Warren.Jobs.Kinds;

/// <summary>Handles <c>text.stats</c>.</summary>
internal sealed class TextStatsHandler : IJobHandler<TextStats, TextStatsResult>
{
    private const int Block = 64 * 1024;

    /// <inheritdoc/>
    public async Task<TextStatsResult> HandleAsync(TextStats args, JobContext job, CancellationToken cancellationToken)
    {
        if (args.Text is null)
            throw new JobFailedException("text.missing", "The args have null in 'text'; a text was expected.", FailureCause.Invalid);
        if (args.Top is < 0 or > TextStats.MostTop)
            throw new JobFailedException("text.invalid", $"'top' is {args.Top}; 0 to {TextStats.MostTop} was expected.", FailureCause.Invalid);

        var scan = new TextScan(args.Text);
        while (!scan.IsAtEnd)
        {
            cancellationToken.ThrowIfCancellationRequested();
            scan.Read(Block);
            if (args.Text.Length > Block)
                await job.ReportAsync(100.0 * scan.Position / args.Text.Length, new Dictionary<string, double> { ["words"] = scan.Words }, cancellationToken);
        }
        return scan.Finish(args.Top);
    }
}
