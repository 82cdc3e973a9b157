namespace Warren.AI.Grading.Speaking;

/// <summary>
/// Tells by loudness where somebody speaks. Pauses are measured here, and not by the times of words, because engines stretch words over them.
/// </summary>
internal static class SpeechActivity
{
    private const int Frame = WaveFile.Rate / 50;
    // Below this there is no speech, only a microphone.
    private const double Quiet = -50;
    // Digital silence has no level; no room is quieter than this.
    private const double LowestFloor = -65;
    // What is as even as this is noise with or without speech in it: loudness says nothing, so all of it is listened to.
    private const double Even = 6;
    private const double ThresholdShare = 0.4;
    private const int LoudFrames = 10;

    private static readonly TimeSpan FrameLength = TimeSpan.FromSeconds((double)Frame / WaveFile.Rate);
    // The closure of a stop is a silence as well, and no pause.
    private static readonly TimeSpan LongestGapInside = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ShortestVoice = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan Padding = TimeSpan.FromMilliseconds(200);

    /// <summary>The parts with speech in them, in their order; none if there is none.</summary>
    public static IReadOnlyList<Stretch> Find(WaveFile recording)
    {
        var levels = Levels(recording.Samples);
        if (levels.Length == 0)
            return [];
        var sorted = levels.Order().ToArray();
        var loud = sorted[Math.Max(0, sorted.Length - LoudFrames)];
        var floor = Math.Max(sorted[sorted.Length / 10], LowestFloor);
        if (loud < Quiet)
            return [];
        if (loud - floor < Even)
            return [new Stretch(TimeSpan.Zero, recording.Length)];
        return Join(Above(levels, floor + ThresholdShare * (loud - floor)));
    }

    /// <summary>Speech in pieces to listen to one after the other: cut in the longest pauses, none longer than it may be, with a little silence around.</summary>
    public static IReadOnlyList<Stretch> Cut(IReadOnlyList<Stretch> speech, TimeSpan recording, TimeSpan longest)
    {
        List<Stretch> pieces = [];
        for (var i = 0; i < speech.Count; i++)
        {
            var part = speech[i];
            if (pieces.Count > 0 && part.End - pieces[^1].Begin <= longest)
                pieces[^1] = pieces[^1] with { End = part.End };
            else
                pieces.AddRange(Halve(part, longest));
        }
        return [.. pieces.Select((piece, i) => Pad(piece, i == 0 ? TimeSpan.Zero : pieces[i - 1].End, i == pieces.Count - 1 ? recording : pieces[i + 1].Begin))];
    }

    private static IEnumerable<Stretch> Halve(Stretch part, TimeSpan longest)
    {
        var count = (int)Math.Ceiling(part.Length / longest);
        for (var i = 0; i < count; i++)
            yield return new Stretch(part.Begin + part.Length * i / count, part.Begin + part.Length * (i + 1) / count);
    }

    // Of the silence between two pieces each gets its half at most.
    private static Stretch Pad(Stretch piece, TimeSpan before, TimeSpan after)
    {
        var left = (piece.Begin - before) / (before == TimeSpan.Zero ? 1 : 2);
        var right = (after - piece.End) / 2;
        return new Stretch(piece.Begin - (left < Padding ? left : Padding), piece.End + (right < Padding ? right : Padding));
    }

    private static double[] Levels(ReadOnlySpan<short> samples)
    {
        var levels = new double[samples.Length / Frame];
        for (var i = 0; i < levels.Length; i++)
        {
            var frame = samples.Slice(i * Frame, Frame);
            double sum = 0, squares = 0;
            foreach (var sample in frame)
            {
                sum += sample;
                squares += (double)sample * sample;
            }
            // Without the mean: a cheap microphone adds a constant.
            var power = squares / Frame - sum / Frame * (sum / Frame);
            levels[i] = 10 * Math.Log10(Math.Max(power, 1e-9) / (32768.0 * 32768.0));
        }
        return levels;
    }

    private static List<Stretch> Above(double[] levels, double threshold)
    {
        List<Stretch> found = [];
        for (var i = 0; i < levels.Length; i++)
        {
            if (levels[i] < threshold)
                continue;
            var begin = i;
            while (i < levels.Length && levels[i] >= threshold)
                i++;
            found.Add(new Stretch(FrameLength * begin, FrameLength * i));
        }
        return found;
    }

    private static List<Stretch> Join(List<Stretch> found)
    {
        List<Stretch> joined = [];
        foreach (var part in found)
        {
            if (joined.Count > 0 && part.Begin - joined[^1].End <= LongestGapInside)
                joined[^1] = joined[^1] with { End = part.End };
            else
                joined.Add(part);
        }
        // A click is not speech.
        joined.RemoveAll(part => part.Length < ShortestVoice);
        return joined;
    }
}
