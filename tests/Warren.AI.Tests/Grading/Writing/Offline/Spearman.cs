namespace Warren.AI.Tests.Grading.Writing.Offline;

/// <summary>Spearman's rank correlation; equal values share the mean of their ranks.</summary>
internal static class Spearman
{
    /// <summary>The correlation of pairs.</summary>
    public static double Of(IEnumerable<(double X, double Y)> pairs)
    {
        var all = pairs.ToArray();
        var x = Ranks([.. all.Select(pair => pair.X)]);
        var y = Ranks([.. all.Select(pair => pair.Y)]);
        var (meanX, meanY) = (x.Average(), y.Average());
        return x.Zip(y).Sum(pair => (pair.First - meanX) * (pair.Second - meanY))
            / Math.Sqrt(x.Sum(value => (value - meanX) * (value - meanX)) * y.Sum(value => (value - meanY) * (value - meanY)));
    }

    private static double[] Ranks(double[] values) =>
        [.. values.Select(value => values.Count(other => other < value) + (values.Count(other => other == value) + 1) / 2.0)];
}
