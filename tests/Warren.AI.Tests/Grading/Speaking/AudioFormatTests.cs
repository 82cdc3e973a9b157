using Warren.AI.Grading.Speaking;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>What a recording is, by its first bytes.</summary>
public class AudioFormatTests
{
    [Theory]
    [InlineData("52494646FFFFFFFF57415645", "wav")]
    [InlineData("4F6767530002000000000000", "ogg")]
    [InlineData("664C6143000000220000000F", "flac")]
    [InlineData("0000001C667479704D344120", "mov")]
    [InlineData("1A45DFA30100000000000000", "matroska")]
    [InlineData("494433040000000000000000", "mp3")]
    [InlineData("FFFB90640000000000000000", "mp3")]
    [InlineData("FFF3406400000000FFFF0000", "mp3")]
    [InlineData("FFF150800000000000000000", null)] // AAC without a container
    [InlineData("52494646FFFFFFFF41564920", null)] // AVI
    [InlineData("234558544D33550A00000000", null)] // a playlist
    [InlineData("3C21444F43545950450000000", null)]
    [InlineData("66666D6574610000000000000", null)] // ffconcat and its kin are text
    [InlineData("52494646", null)]
    [InlineData("", null)]
    public void The_first_bytes_tell_the_format(string bytes, string? demuxer) =>
        Assert.Equal(demuxer, AudioFormat.Demuxer(Convert.FromHexString(bytes.Length % 2 == 0 ? bytes : bytes[..^1])));
}
