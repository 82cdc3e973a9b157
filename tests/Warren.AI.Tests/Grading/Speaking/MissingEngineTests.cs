using Warren.AI.Engines;
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

    /// <summary>Each part, and the packages that are named when it is gone.</summary>
    public static TheoryData<string, string[]> Parts => new()
    {
        { "ffmpeg", ["ffmpeg"] },
        { "python", ["python3", "python3-pocketsphinx"] },
        { "module", ["python3-pocketsphinx"] },
        { "model", ["pocketsphinx-en-us"] },
    };

    [Theory]
    [MemberData(nameof(Parts))]
    [Trait("Category", "Service")]
    public async Task A_job_fails_with_what_the_list_says_is_missing(string part, string[] packages)
    {
        Recordings.Require();
        var programs = Without(part);
        var listed = new EngineCatalog(programs, new HarperPrograms(_empty.FullName)).Speech;
        await using var server = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(Waves.ToBytes(Speech), context.RequestAborted).AsTask());
        var handler = Recordings.Handler(new GradingOptions { AudioHosts = { server.Host } }, programs);

        var missing = await listed.MissingAsync(Cancellation);
        var failure = await Assert.ThrowsAsync<JobFailedException>(() => handler.HandleAsync(Words.Args(url: server.Url()), new QuietJob(GradingKinds.Speaking), Cancellation));

        Assert.Equal(packages, missing.Select(one => one.Package));
        Assert.Equal(("engine.missing", FailureCause.Invalid, listed.Lacks(missing)), (failure.Code, failure.Cause, failure.Message));
        Assert.EndsWith("install it with `warren engines install speech`", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_ffmpeg_no_recording_is_read()
    {
        await using var server = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(Waves.ToBytes(Speech), context.RequestAborted).AsTask());
        var handler = Recordings.Handler(new GradingOptions { AudioHosts = { server.Host } }, Without("ffmpeg"));

        await FailsAsync(() => handler.HandleAsync(Words.Args(url: server.Url()), new QuietJob(GradingKinds.Speaking), Cancellation), "ffmpeg (package ffmpeg)");
    }

    [Theory]
    [InlineData("python", "(package python3), the Python module pocketsphinx (package python3-pocketsphinx)")]
    [InlineData("module", "the Python module pocketsphinx (package python3-pocketsphinx)")]
    [InlineData("model", "the English model of pocketsphinx (package pocketsphinx-en-us)")]
    public async Task Without_what_listens_no_transcript_is_made(string part, string what)
    {
        var programs = Without(part);
        var reader = new PocketsphinxReader(Recordings.Engine(programs), programs);

        await FailsAsync(async () => await reader.ReadAsync(await RecordingAsync(), new QuietJob(GradingKinds.Speaking), Cancellation), what);
    }

    [Theory]
    [InlineData("python")]
    [InlineData("module")]
    [InlineData("model")]
    public async Task Without_what_aligns_pronunciation_does_without(string part)
    {
        var programs = Without(part);
        var aligner = new PronunciationAligner(Recordings.Engine(programs), programs);

        Assert.Null(await aligner.AlignAsync(new FileInfo("/none.wav"), Words.Of("hello world"), new QuietJob(GradingKinds.Speaking), Cancellation));
    }

    [Fact]
    public async Task All_that_is_missing_is_told_at_once()
    {
        var programs = new SpeechPrograms { SearchPath = "", Python = "/none/python3", Model = "/none" };

        var missing = await programs.Engine.MissingAsync(Cancellation);

        Assert.Equal(["ffmpeg", "python3", "python3-pocketsphinx", "pocketsphinx-en-us"], missing.Select(part => part.Package));
        await FailsAsync(() => programs.RequireFfmpegAsync(Cancellation), programs.Engine.Lacks(missing));
        await FailsAsync(() => programs.RequireListeningAsync(Cancellation), programs.Engine.Lacks(missing));
    }

    [Fact]
    public async Task A_module_that_only_another_python_sees_is_missing_wherever_its_files_are()
    {
        Services.Require("/usr/bin/python3");
        // As one that pip has put into a user's own directory: a Python that is not isolated finds it.
        Directory.CreateDirectory(Path.Combine(_empty.FullName, "pocketsphinx"));
        await File.WriteAllTextAsync(Path.Combine(_empty.FullName, "pocketsphinx", "__init__.py"), "", Cancellation);
        var python = Script("python3", $"PYTHONPATH={_empty.FullName} exec /usr/bin/python3 -S \"$@\"");
        await Recordings.RunAsync(python, "-c", "import pocketsphinx");

        var missing = await new SpeechPrograms { Python = python }.Engine.MissingAsync(Cancellation);

        Assert.Contains(missing, part => part.Package == "python3-pocketsphinx");
    }

    [Fact]
    public async Task A_python_that_cannot_be_run_sees_no_module()
    {
        var missing = await new SpeechPrograms { Python = Script("python3", "kill -9 $$") }.Engine.MissingAsync(Cancellation);

        Assert.Contains(missing, part => part.Package == "python3-pocketsphinx");
        Assert.DoesNotContain(missing, part => part.Package == "python3");
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task With_all_installed_nothing_is_missing()
    {
        Recordings.Require();

        Assert.Empty(await new SpeechPrograms().Engine.MissingAsync(Cancellation));
    }

    // What goes away after the worker has looked.
    [Theory]
    [InlineData("module")]
    [InlineData("model")]
    [Trait("Category", "Service")]
    public async Task The_script_says_it_in_the_same_words(string part)
    {
        Recordings.Require();
        var programs = Without(part);
        var missing = Assert.Single(await programs.Engine.MissingAsync(Cancellation));

        var failure = await Assert.ThrowsAsync<JobFailedException>(() => Recordings.Engine(programs).RunAsync<object, object>(
            new { task = "transcribe", audio = "/none.wav", model = programs.Model, stretches = Array.Empty<object>() }, new QuietJob(GradingKinds.Speaking), Cancellation));

        Assert.Equal(("engine.missing", FailureCause.Invalid), (failure.Code, failure.Cause));
        Assert.StartsWith(programs.Engine.Lacks([missing]), failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public async Task Another_part_of_the_exam_is_refused(int part)
    {
        var failure = await Assert.ThrowsAsync<JobFailedException>(() => Recordings.Handler(new GradingOptions(), new SpeechPrograms()).HandleAsync(Words.Args(part), new QuietJob(GradingKinds.Speaking), Cancellation));

        Assert.Equal(("part_number_invalid", FailureCause.Invalid), (failure.Code, failure.Cause));
    }

    public void Dispose() => _empty.Delete(recursive: true);

    private static short[] Speech => Waves.Tones((0.5, 0), (1, 0.3), (0.5, 0));

    private async Task<FileInfo> RecordingAsync()
    {
        var recording = new FileInfo(Path.Combine(_empty.FullName, "tone.wav"));
        await File.WriteAllBytesAsync(recording.FullName, Waves.ToBytes(Speech), Cancellation);
        return recording;
    }

    private SpeechPrograms Without(string part) => part switch
    {
        "ffmpeg" => new SpeechPrograms { SearchPath = _empty.FullName },
        "python" => new SpeechPrograms { Python = Path.Combine(_empty.FullName, "python3") },
        // Without the site's directories it does not see what packages have installed.
        "module" => new SpeechPrograms { Python = Script("python3", "exec /usr/bin/python3 -S \"$@\"") },
        _ => new SpeechPrograms { Model = _empty.FullName },
    };

    private string Script(string name, string body)
    {
        var file = Path.Combine(_empty.FullName, name);
        Recordings.WriteProgram(file, $"#!/bin/sh\n{body}\n");
        return file;
    }

    private static async Task FailsAsync(Func<Task> act, string what)
    {
        var failure = await Assert.ThrowsAsync<JobFailedException>(act);

        Assert.Equal(("engine.missing", FailureCause.Invalid), (failure.Code, failure.Cause));
        Assert.Contains(what, failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("install it with `warren engines install speech`", failure.Message, StringComparison.Ordinal);
    }
}
