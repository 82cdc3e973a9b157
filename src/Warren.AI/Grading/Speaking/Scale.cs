namespace Warren.AI.Grading.Speaking;

/// <summary>Turns a measure into points by straight lines between given places; level before the first and after the last.</summary>
internal sealed class Scale(params (double Measure, double Points)[] places)
{
    /// <summary>The highest score.</summary>
    public const double Best = 9;

    /// <summary>The points of a measure.</summary>
    public double At(double measure)
    {
        if (measure <= places[0].Measure)
            return places[0].Points;
        for (var i = 1; i < places.Length; i++)
        {
            var (left, right) = (places[i - 1], places[i]);
            if (measure <= right.Measure)
                return left.Points + (right.Points - left.Points) * (measure - left.Measure) / (right.Measure - left.Measure);
        }
        return places[^1].Points;
    }

    /// <summary>Points as a score: 0 to 9 in halves.</summary>
    public static double ToScore(double points) => Math.Round(Math.Clamp(points, 0, Best) * 2, MidpointRounding.AwayFromZero) / 2;
}
