namespace Warren.Broker.Diagnostics;

/// <summary>Numbers that only grow, as they were when somebody looked before: what they have grown by since makes a rate.</summary>
/// <remarks>It remembers two looks, so that rates stay those of some seconds however often somebody looks.</remarks>
internal sealed class RateWindow
{
    private const double Seconds = 2.5;

    private Look _earlier;
    private Look _later;

    /// <summary>How fast the numbers grow.</summary>
    /// <param name="now">The time in seconds, from any moment on.</param>
    /// <param name="first">A number; so are the others.</param>
    public (double First, double Second, double Third) Rates(double now, long first, long second = 0, long third = 0)
    {
        var look = new Look(now, first, second, third, IsSet: true);
        var isLaterOld = now - _later.At >= Seconds;
        var since = _earlier.IsSet && !isLaterOld ? _earlier : _later;
        if (!_later.IsSet || isLaterOld)
            (_earlier, _later) = (_later, look);
        var seconds = now - since.At;
        return since.IsSet && seconds > 0
            ? ((first - since.First) / seconds, (second - since.Second) / seconds, (third - since.Third) / seconds)
            : default;
    }

    private readonly record struct Look(double At, long First, long Second, long Third, bool IsSet);
}
