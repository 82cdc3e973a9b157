using Warren.AI.Grading;
using Warren.AI.Grading.Speaking;
using Warren.Jobs;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>Every program taken away in turn: jobs fail with the command that installs it.</summary>
public sealed class MissingEngineTests : IDisposable
{
    private readonly DirectoryInfo _empty = Directory.CreateTempSubdirectory("warren-missing-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_ffmpeg_no_recording_is_read()
    {
        await using var server = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(Waves.ToBytes(Waves.Tones((0.5, 0.3))), context.RequestAborted).AsTask());
        var handler = Recordings.Handler(new GradingOptions { AudioHosts = { server.Host } }, new SpeechPrograms { SearchPath = _empty.FullName });

        await FailsAsync(() => handler.HandleAsync(Words.Args(url: server.Url()), new QuietJob(), Cancellation), "ffmpeg is missing (package ffmpeg)");
    }

    [Theory]
    [InlineData("python", "package python3)")]
    [InlineData("modules", "package python3-pocketsphinx)")]
    [InlineData("model", "package pocketsphinx-en-us)")]
    public async Task Without_what_listens_no_transcript_is_made(string part, string package)
    {
        var programs = Without(part);
        var reader = new PocketsphinxReader(Recordings.Engine(programs), programs);
        var recording = new FileInfo(Path.Combine(_empty.FullName, "tone.wav"));
        await File.WriteAllBytesAsync(recording.FullName, Waves.ToBytes(Waves.Tones((0.5, 0), (1, 0.3), (0.5, 0))), Cancellation);

        await FailsAsync(() => reader.ReadAsync(recording, new QuietJob(), Cancellation), package);
    }

    [Theory]
    [InlineData("python")]
    [InlineData("modules")]
    [InlineData("model")]
    public async Task Without_what_aligns_pronunciation_does_without(string part)
    {
        var programs = Without(part);
        var aligner = new PronunciationAligner(Recordings.Engine(programs), programs);

        Assert.Null(await aligner.AlignAsync(new FileInfo("/none.wav"), Words.Of("hello world"), new QuietJob(), Cancellation));
    }

    [Fact]
    public void What_is_missing_is_listed_with_its_packages()
    {
        var programs = new SpeechPrograms { SearchPath = "", Python = "/none/python3", Modules = "/none", Model = "/none" };

        Assert.Equal(["ffmpeg", "python3", "python3-pocketsphinx", "pocketsphinx-en-us"], programs.Missing().Select(program => program.Package));
    }

    [Fact]
    [Trait("Category", "Service")]
    public void With_all_installed_nothing_is_missing()
    {
        Recordings.Require();

        Assert.Empty(new SpeechPrograms().Missing());
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task A_python_that_does_not_see_the_module_says_the_same()
    {
        Recordings.Require();
        // The directory is there, and this Python looks nowhere near it.
        var python = Path.Combine(_empty.FullName, "python3");
        await File.WriteAllTextAsync(python, "#!/bin/sh\nexec /usr/bin/python3 -S \"$@\"\n", Cancellation);
        Recordings.MakeExecutable(python);
        var programs = new SpeechPrograms { Python = python };
        var reader = new PocketsphinxReader(Recordings.Engine(programs), programs);
        var recording = new FileInfo(Path.Combine(_empty.FullName, "tone.wav"));
        await File.WriteAllBytesAsync(recording.FullName, Waves.ToBytes(Waves.Tones((0.5, 0), (1, 0.3), (0.5, 0))), Cancellation);

        await FailsAsync(() => reader.ReadAsync(recording, new QuietJob(), Cancellation), "has no module pocketsphinx");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public async Task Another_part_of_the_exam_is_refused(int part)
    {
        var failure = await Assert.ThrowsAsync<JobFailedException>(() => Recordings.Handler(new GradingOptions(), new SpeechPrograms()).HandleAsync(Words.Args(part), new QuietJob(), Cancellation));

        Assert.Equal(("part_number_invalid", FailureCause.Invalid), (failure.Code, failure.Cause));
    }

    public void Dispose() => _empty.Delete(recursive: true);

    private SpeechPrograms Without(string part) => part switch
    {
        "python" => new SpeechPrograms { Python = Path.Combine(_empty.FullName, "python3") },
        "modules" => new SpeechPrograms { Modules = _empty.FullName },
        _ => new SpeechPrograms { Model = _empty.FullName },
    };

    private static async Task FailsAsync(Func<Task> act, string what)
    {
        var failure = await Assert.ThrowsAsync<JobFailedException>(act);

        Assert.Equal(("engine.missing", FailureCause.Invalid), (failure.Code, failure.Cause));
        Assert.Contains(what, failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("install it with `warren engines install speech`", failure.Message, StringComparison.Ordinal);
    }
}
