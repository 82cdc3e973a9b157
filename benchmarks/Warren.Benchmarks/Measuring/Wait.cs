using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Measuring;

/// <summary>Waits for what must come true after the measured time, such as the last confirms.</summary>
internal static class Wait
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Looks every millisecond until the condition holds.</summary>
    /// <param name="condition">May throw to give up.</param>
    /// <param name="found">Says what was found and what was expected, if it does not come true.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="VariantFailedException">It did not come true within a minute.</exception>
    public static async Task UntilAsync(Func<bool> condition, Func<string> found, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Limit, TimeProvider.System);
        while (!condition())
        {
            if (deadline.IsCancellationRequested)
                throw new VariantFailedException($"After {Limit.TotalSeconds:0} s: {found()}");
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken);
        }
    }
}
