using Warren.AI.Grading.Speaking;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>Reading WAV files.</summary>
public class WaveFileTests
{
    [Fact]
    public void Samples_are_read_as_they_were_written()
    {
        var wave = WaveFile.Parse(Waves.ToBytes([1, -2, short.MaxValue, short.MinValue]));

        Assert.Equal([1, -2, short.MaxValue, short.MinValue], wave.Samples.ToArray());
        Assert.Equal(4.0 / 16_000, wave.Length.TotalSeconds, 6);
    }

    [Fact]
    public void Other_chunks_are_passed_over_and_a_cut_one_counts_as_far_as_it_goes()
    {
        var plain = Waves.ToBytes([1, 2, 3]);
        byte[] bytes = [.. plain[..36], .. "LIST"u8, 3, 0, 0, 0, 1, 2, 3, 0, .. plain[36..^1]];

        Assert.Equal([1, 2], WaveFile.Parse(bytes).Samples.ToArray());
    }

    [Theory]
    [InlineData(2, 16_000)]
    [InlineData(1, 44_100)]
    public void Another_form_is_refused(short channels, int rate) =>
        Assert.Contains("16000 Hz, mono", Assert.Throws<InvalidDataException>(() => WaveFile.Parse(Waves.ToBytes([1, 2], channels, rate))).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_shorter_file_is_read_or_refused()
    {
        var bytes = Waves.ToBytes([1, 2, 3]);
        for (var length = 0; length < 44; length++)
        {
            if (Record.Exception(() => WaveFile.Parse(bytes.AsSpan(0, length))) is { } exception)
                Assert.IsType<InvalidDataException>(exception);
        }
    }
}
