namespace Warren.AI.Guard;

/// <summary>How much a download may be.</summary>
/// <param name="MaxBytes">The most bytes.</param>
/// <param name="Timeout">How long it may take in all.</param>
internal sealed record DownloadLimits(long MaxBytes, TimeSpan Timeout);
