using Microsoft.Extensions.Options;
using Warren.AI.Engines;
using Warren.AI.Grading;
using Warren.AI.Grading.Speaking;
using Warren.Jobs;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>Reading recordings of all kinds, and what is none.</summary>
[Trait("Category", "Service")]
public sealed class AudioConverterTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-audio-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("wav", "-ar", "44100", "-ac", "2")]
    [InlineData("mp3", "-b:a", "64k")]
    [InlineData("ogg", "-c:a", "libopus")]
    [InlineData("webm", "-c:a", "libopus")]
    [InlineData("m4a", "-c:a", "aac")]
    [InlineData("flac", "-ar", "48000")]
    public async Task Every_format_becomes_the_one_that_engines_read(string extension, params string[] options)
    {
        Services.Require("ffmpeg");
        var source = Write("tone.wav", Waves.ToBytes(Waves.Tones((1.8, 0.3))));
        var file = Path.Combine(_directory.FullName, $"tone.{extension}x");
        await Recordings.RunAsync("ffmpeg", ["-v", "error", "-i", source.FullName, .. options, "-f", extension == "m4a" ? "mp4" : extension, file]);

        var wave = await ConvertAsync(new FileInfo(file));

        Assert.InRange(wave.Length.TotalSeconds, 1.75, 2);
        Assert.Contains(wave.Samples.ToArray(), sample => sample > 5000);
    }

    [Theory]
    [InlineData("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")]
    [InlineData("ffconcat version 1.0\nfile /etc/passwd\n")]
    [InlineData("<html>You are not allowed to see this.</html>")]
    [InlineData("")]
    [InlineData("RIFF\u0001\u0001\u0001\u0001WAVEjunk that is not a chunk at all")]
    [InlineData("OggSnonsense that follows the four letters of Ogg")]
    [InlineData("ID3 and no frame of MPEG audio anywhere")]
    [InlineData("\0\0\0\u0018ftypM4A \0\0\0\0")]
    public async Task What_is_no_recording_is_told(string content)
    {
        Services.Require("ffmpeg");

        await FailsAsync(Write("source", System.Text.Encoding.UTF8.GetBytes(content)), "audio_unreadable");
    }

    [Fact]
    public async Task A_recording_of_exactly_the_longest_is_graded_and_a_longer_one_is_not()
    {
        Services.Require("ffmpeg");

        Assert.Equal(2, (await ConvertAsync(Write("a", Waves.ToBytes(Waves.Tones((2, 0.3)))))).Length.TotalSeconds);
        await FailsAsync(Write("b", Waves.ToBytes(Waves.Tones((2.1, 0.3)))), "audio_too_long");
        await FailsAsync(Write("c", Waves.ToBytes(Waves.Tones((9, 0.3)))), "audio_too_long");
    }

    [Fact]
    public async Task Ffmpeg_is_killed_when_the_job_stops()
    {
        var started = Path.Combine(_directory.FullName, "started");
        var script = Path.Combine(_directory.FullName, "ffmpeg");
        Recordings.WriteProgram(script, $"#!/bin/sh\necho $$ > {started}.part; mv {started}.part {started}\nexec sleep 1000\n");
        using var stop = new CancellationTokenSource();
        var source = Write("source", Waves.ToBytes(Waves.Tones((1, 0.3))));
        var converting = Converter(new SpeechPrograms { Ffmpeg = script }).ConvertAsync(source, new FileInfo(Path.Combine(_directory.FullName, "out.wav")), stop.Token);
        await Eventually.ThatAsync(() => File.Exists(started), "the program runs");
        var id = (await File.ReadAllTextAsync(started, Cancellation)).Trim();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => converting);
        Assert.False(Directory.Exists($"/proc/{id}"));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static AudioConverter Converter(SpeechPrograms programs) =>
        new(programs, Options.Create(new GradingOptions { MaxAudioLength = TimeSpan.FromSeconds(2) }), TimeProvider.System);

    private static Task<WaveFile> ConvertAsync(FileInfo source) => Converter(new SpeechPrograms()).ConvertAsync(source, new FileInfo($"{source.FullName}.wav"), Cancellation);

    private async Task FailsAsync(FileInfo source, string code)
    {
        var failure = await Assert.ThrowsAsync<JobFailedException>(() => ConvertAsync(source));

        Assert.Equal((code, FailureCause.Invalid), (failure.Code, failure.Cause));
        Assert.DoesNotContain(_directory.FullName, failure.Message, StringComparison.Ordinal);
    }

    private FileInfo Write(string name, byte[] bytes)
    {
        var file = new FileInfo(Path.Combine(_directory.FullName, name));
        File.WriteAllBytes(file.FullName, bytes);
        return file;
    }
}
