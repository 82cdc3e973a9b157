namespace Warren.AI.Grading.Writing.Offline.Scoring;

/// <summary>A function of straight pieces through given points, level before the first and after the last.</summary>
internal sealed class Ramp(params (double X, double Y)[] points)
{
    /// <summary>The points, in the order of their X.</summary>
    public IReadOnlyList<(double X, double Y)> Points => points;

    /// <summary>The value at a place.</summary>
    public double At(double x)
    {
        if (x <= points[0].X)
            return points[0].Y;
        for (var i = 1; i < points.Length; i++)
        {
            var (from, to) = (points[i - 1], points[i]);
            if (x <= to.X)
                return from.Y + (to.Y - from.Y) * (x - from.X) / (to.X - from.X);
        }
        return points[^1].Y;
    }
}
