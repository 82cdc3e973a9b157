namespace Warren.AI.Grading.Speaking;

/// <summary>Pace and pauses, from the first word to the last.</summary>
internal sealed record FluencyFeatures
{
    /// <summary>The shortest silence that counts as a pause.</summary>
    public static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(300);

    /// <summary>Words that mean something.</summary>
    public required int Words { get; init; }

    /// <summary>From the first word to the last.</summary>
    public required TimeSpan Span { get; init; }

    /// <summary>How many pauses there are.</summary>
    public required int Pauses { get; init; }

    /// <summary>How long the longest is.</summary>
    public required TimeSpan LongestPause { get; init; }

    /// <summary>What part of the time they take, 0 to 1.</summary>
    public required double PauseShare { get; init; }

    /// <summary>How often a pause is filled, as with "um".</summary>
    public required int Fillers { get; init; }

    /// <summary>Words in a minute.</summary>
    public double WordsPerMinute => Span > TimeSpan.Zero ? Words / Span.TotalMinutes : 0;

    /// <summary>Of a hundred words, so many only fill a pause.</summary>
    public double FillersPerHundred => Words == 0 ? 0 : 100.0 * Fillers / Words;

    /// <summary>Measures a transcript and the loudness of its recording.</summary>
    public static FluencyFeatures Measure(SpeechTranscript transcript, IReadOnlyList<Stretch> speech)
    {
        var fillers = transcript.Words.Count(SpokenText.IsFiller);
        var words = transcript.Words.Count - fillers;
        var span = transcript.Words.Count == 0 ? default : new Stretch(transcript.Words[0].Begin, transcript.Words[^1].End);
        List<TimeSpan> pauses =
        [
            .. speech.Zip(speech.Skip(1), (before, after) => new Stretch(before.End, after.Begin))
                .Where(pause => pause.Length >= ShortestPause && pause.Begin >= span.Begin && pause.End <= span.End)
                .Select(pause => pause.Length),
        ];
        return new FluencyFeatures
        {
            Words = words,
            Span = span.Length,
            Pauses = pauses.Count,
            LongestPause = pauses.DefaultIfEmpty().Max(),
            PauseShare = span.Length > TimeSpan.Zero ? pauses.Sum(pause => pause.TotalSeconds) / span.Length.TotalSeconds : 0,
            Fillers = fillers,
        };
    }
}
