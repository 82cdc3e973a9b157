using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Warren.AI.Engines;
using Warren.AI.Grading;
using Warren.AI.Grading.Speaking;
using Warren.AI.Guard;
using Warren.Jobs.Processes;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>Recordings that flite speaks, served by a web server, each graded once.</summary>
public sealed class Recordings : IAsyncLifetime
{
    private const string Good =
        "I think that living in a big city has many advantages, because there are very good schools and hospitals. However, the traffic is terrible and the air is not clean. In my opinion, people should have the choice to work from home.";

    // As somebody reads it aloud who has other sounds.
    private const string Mispronounced =
        "I sink zat leaving in a pig city has many adwantages, because zare are wary good eschools and ospitals. However, the draffic is derrible and the hair is not glean. In my obinion, beeble should have the joice to vork from home.";

    private const string Poor =
        "I like city. City is good. People is happy. He go to school and he like it. She go to school and she like it. There is many people. People is good. I am agree. I like city.";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-recordings-");
    private readonly ConcurrentDictionary<string, Lazy<Task<SpeakingScore>>> _scores = new();
    private FileServer? _server;

    /// <summary>Where the recordings are.</summary>
    public string Folder => _directory.FullName;

    /// <summary>Ends the test as skipped, failed on CI, if a program is missing.</summary>
    public static void Require()
    {
        Services.Require("flite");
        var speech = new SpeechPrograms().Engine;
        if (speech.MissingAsync(CancellationToken.None).GetAwaiter().GetResult() is { Count: > 0 } missing)
            Services.Missing($"{speech.Lacks(missing)}; ./test installs it too.");
    }

    /// <summary>The score of a recording, from its URL.</summary>
    public Task<SpeakingScore> ScoreAsync(string name) => _scores.GetOrAdd(name, _ => new Lazy<Task<SpeakingScore>>(() => GradeAsync(name))).Value;

    /// <summary>Grades a recording.</summary>
    public Task<SpeakingScore> GradeAsync(string name)
    {
        var options = new GradingOptions { AudioHosts = { _server!.Host } };
        return Handler(options, new SpeechPrograms()).HandleAsync(Words.Args(url: _server.Url($"/{name}")), new QuietJob(GradingKinds.Speaking), TestContext.Current.CancellationToken);
    }

    /// <summary>The URL of a file of the directory.</summary>
    public string Url(string name) => _server!.Url($"/{name}");

    /// <summary>A handler with these programs.</summary>
    internal static SpeakingGradingHandler Handler(GradingOptions options, SpeechPrograms programs)
    {
        var engine = Engine(programs);
        return new SpeakingGradingHandler(
            SpeakingServiceCollectionExtensions.Download(new AddressGuard(options.AudioHosts), options, TimeProvider.System),
            new AudioConverter(programs, Options.Create(options), TimeProvider.System),
            new PocketsphinxReader(engine, programs),
            new PronunciationAligner(engine, programs),
            TimeProvider.System);
    }

    /// <summary>An engine with these programs.</summary>
    internal static SpeechEngine Engine(SpeechPrograms programs) => new(programs, TimeProvider.System, NullLogger<ProcessEngine>.Instance);

    /// <summary>Speaks phrases with silence after each.</summary>
    internal static async Task SpeakAsync(FileInfo file, string voice, IEnumerable<string> phrases, double stretch, double pause)
    {
        List<short> samples = [];
        foreach (var phrase in phrases)
        {
            await Flite.SpeakAsync(file.FullName, voice, phrase, stretch);
            samples.AddRange((await WaveFile.ReadAsync(file, CancellationToken.None)).Samples);
            samples.AddRange(new short[(int)(pause * WaveFile.Rate)]);
        }
        await File.WriteAllBytesAsync(file.FullName, Waves.ToBytes([.. samples]));
    }

    /// <summary>
    /// Writes a script that can be run. Another process writes it: while this one has it open for writing, whatever another test starts may
    /// inherit the open file, and a program that is open for writing cannot be run.
    /// </summary>
    internal static void WriteProgram(string file, string script)
    {
        using var writing = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "cat > \"$0\" && chmod 700 \"$0\"", file]) { RedirectStandardInput = true })!;
        writing.StandardInput.Write(script);
        writing.StandardInput.Close();
        writing.WaitForExit();
        Assert.Equal(0, writing.ExitCode);
    }

    /// <summary>Runs a program to its end.</summary>
    internal static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        process.StandardInput.Close();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} ended with exit code {process.ExitCode}.");
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Require();
        await SpeakAsync("fluent-slt.wav", "slt", Good);
        await SpeakAsync("fluent-rms.wav", "rms", Good);
        await SpeakAsync("fluent-awb.wav", "awb", Good);
        await SpeakAsync("mispronounced-slt.wav", "slt", Mispronounced);
        await SpeakAsync("mispronounced-rms.wav", "rms", Mispronounced);
        await SpeakAsync("slow-rms.wav", "rms", Good, stretch: 2);
        await SpeakAsync("poor-slt.wav", "slt", Poor);
        await PauseAsync("pauses-slt.wav", "slt", Good.Split([". ", ", "], StringSplitOptions.None), seconds: 3);
        await RunAsync("ffmpeg", "-v", "error", "-i", Path.Combine(_directory.FullName, "fluent-slt.wav"), "-b:a", "64k", Path.Combine(_directory.FullName, "fluent-slt.mp3"));
        await File.WriteAllBytesAsync(Path.Combine(_directory.FullName, "silence.wav"), Waves.ToBytes(new short[2 * WaveFile.Rate]));
        _server = await FileServer.StartAsync(context => context.Response.SendFileAsync(Path.Combine(_directory.FullName, Path.GetFileName(context.Request.Path.Value!)), context.RequestAborted));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private Task SpeakAsync(string name, string voice, string text, double stretch = 1) => Flite.SpeakAsync(Path.Combine(_directory.FullName, name), voice, text, stretch);

    private Task PauseAsync(string name, string voice, string[] phrases, int seconds) => SpeakAsync(new FileInfo(Path.Combine(_directory.FullName, name)), voice, phrases, stretch: 1, seconds);
}
