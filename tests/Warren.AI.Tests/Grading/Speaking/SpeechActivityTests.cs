using Warren.AI.Grading.Speaking;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>Where somebody speaks, by loudness.</summary>
public class SpeechActivityTests
{
    [Fact]
    public void Speech_and_the_pause_in_it_are_found()
    {
        var speech = SpeechActivity.Find(new WaveFile(Waves.Tones((0.5, 0), (1, 0.3), (2, 0.001), (1, 0.2), (0.5, 0))));

        Assert.Equal([(0.5, 1.5), (3.5, 4.5)], speech.Select(part => (Math.Round(part.Begin.TotalSeconds, 1), Math.Round(part.End.TotalSeconds, 1))));
    }

    [Fact]
    public void A_stop_is_no_pause_and_a_click_no_speech() =>
        Assert.Single(SpeechActivity.Find(new WaveFile(Waves.Tones((1, 0), (0.02, 0.9), (1, 0), (1, 0.3), (0.1, 0), (1, 0.3), (1, 0)))));

    [Theory]
    [InlineData(0)]
    [InlineData(0.0005)]
    public void Silence_has_none(double loudness) => Assert.Empty(SpeechActivity.Find(new WaveFile(Waves.Tones((5, loudness)))));

    [Fact]
    public void Nothing_has_none() => Assert.Empty(SpeechActivity.Find(new WaveFile([])));

    [Fact]
    public void What_is_evenly_loud_is_listened_to_as_a_whole()
    {
        var part = Assert.Single(SpeechActivity.Find(new WaveFile(Waves.Tones((3, 0.3)))));

        Assert.Equal((0, 3), (part.Begin.TotalSeconds, part.End.TotalSeconds));
    }

    [Fact]
    public void Speech_is_cut_in_pauses_into_pieces_that_do_not_overlap()
    {
        Stretch[] speech = [At(1, 9), At(9.5, 17), At(18, 25), At(26, 80)];

        var pieces = SpeechActivity.Cut(speech, TimeSpan.FromSeconds(81), TimeSpan.FromSeconds(20));

        Assert.Equal((0.8, 17.2), (Math.Round(pieces[0].Begin.TotalSeconds, 3), Math.Round(pieces[0].End.TotalSeconds, 3)));
        Assert.All(pieces, piece => Assert.InRange(piece.Length.TotalSeconds, 0.1, 20.5));
        Assert.All(pieces.Zip(pieces.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.Begin));
        Assert.All(speech, part => Assert.Contains(pieces, piece => piece.Begin <= part.Begin && piece.End > part.Begin));
    }

    [Fact]
    public void The_silence_around_pieces_stays_within_the_recording()
    {
        var piece = Assert.Single(SpeechActivity.Cut([At(0, 1)], TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20)));

        Assert.Equal(At(0, 1), piece);
    }

    private static Stretch At(double begin, double end) => new(TimeSpan.FromSeconds(begin), TimeSpan.FromSeconds(end));
}
