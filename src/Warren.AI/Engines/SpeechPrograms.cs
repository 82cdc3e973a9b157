using System.Collections;
using System.ComponentModel;
using Warren.Jobs;
using Warren.Jobs.Processes;

namespace Warren.AI.Engines;

/// <summary>What the engine of speech consists of, where its parts are, and whether they are there. The defaults are those of Debian's packages.</summary>
internal sealed record SpeechPrograms
{
    // As long as an engine may take to start, which does the same first: what is slow on a busy machine is not missing, and its jobs fail for good.
    private static readonly TimeSpan Patience = new ProcessEngineOptions().StartTimeout;

    /// <summary>Reads recordings: a name on the path, or a path.</summary>
    public string Ffmpeg { get; init; } = "ffmpeg";

    /// <summary>The <c>PATH</c> that <see cref="Ffmpeg"/> is looked for on. The default is this process's.</summary>
    public string? SearchPath { get; init; } = Environment.GetEnvironmentVariable("PATH");

    /// <summary>The Python that sees the system's modules; one on the path may be another.</summary>
    public string Python { get; init; } = "/usr/bin/python3";

    /// <summary>The model of English.</summary>
    public string Model { get; init; } = "/usr/share/pocketsphinx/model/en-us";

    /// <summary>The engine.</summary>
    public OfflineEngine Engine => new(
        "speech",
        "transcript and pronunciation for grading.speaking",
        "jobs of grading.speaking fail with engine.missing",
        [Reader, .. Listener]);

    private EnginePart Reader => new("ffmpeg", "ffmpeg", _ => Task.FromResult(FindFfmpeg() is not null));

    private IReadOnlyList<EnginePart> Listener =>
    [
        new(Python, "python3", _ => Task.FromResult(HasPython)),
        new("the Python module pocketsphinx", "python3-pocketsphinx", SeesModuleAsync),
        new("the English model of pocketsphinx", "pocketsphinx-en-us", _ => Task.FromResult(HasModel)),
    ];

    private bool HasPython => Executable.Find(Python, "/", null, out _) is not null;

    private bool HasModel =>
        Directory.Exists(Path.Combine(Model, "en-us")) && File.Exists(Path.Combine(Model, "en-us.lm.bin")) && File.Exists(Path.Combine(Model, "cmudict-en-us.dict"));

    /// <summary>A command of Python, for jobs and for looking alike: isolated, so that neither variables nor modules of the user's own change what it does.</summary>
    public IReadOnlyList<string> PythonCommand(params IEnumerable<string> arguments) => [Python, "-I", .. arguments];

    /// <summary>The path of <see cref="Ffmpeg"/>, to read a recording with.</summary>
    /// <exception cref="JobFailedException"><c>engine.missing</c>, with all that is missing of the engine.</exception>
    public async Task<string> RequireFfmpegAsync(CancellationToken cancellationToken) =>
        FindFfmpeg() ?? throw Engine.Failure([Reader, .. await MissingToListenAsync(cancellationToken)]);

    /// <summary>Whether a recording that was read can be listened to.</summary>
    public async Task<bool> CanListenAsync(CancellationToken cancellationToken) => await MissingToListenAsync(cancellationToken) is [];

    /// <summary>Makes sure that a recording that was read can be listened to.</summary>
    /// <exception cref="JobFailedException"><c>engine.missing</c>, with all that is missing of the engine.</exception>
    public async Task RequireListeningAsync(CancellationToken cancellationToken)
    {
        if (await MissingToListenAsync(cancellationToken) is { Count: > 0 } missing)
            throw Engine.Failure(FindFfmpeg() is null ? [Reader, .. missing] : missing);
    }

    private string? FindFfmpeg() => Executable.Find(Ffmpeg, "/", SearchPath, out _);

    private Task<IReadOnlyList<EnginePart>> MissingToListenAsync(CancellationToken cancellationToken) =>
        (Engine with { Parts = Listener }).MissingAsync(cancellationToken);

    // Only Python itself knows what it sees: a file that is there may be another version's.
    private async Task<bool> SeesModuleAsync(CancellationToken cancellationToken)
    {
        if (!HasPython)
            return false;
        try
        {
            var command = PythonCommand("-c", "import pocketsphinx");
            var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "");
            using var python = ChildProcess.Start(command[0], command.Skip(1), "/", environment);
            python.CloseInput();
            var said = Task.WhenAll(python.Output.CopyToAsync(Stream.Null, CancellationToken.None), python.Errors.CopyToAsync(Stream.Null, CancellationToken.None));
            try
            {
                await python.Exited.WaitAsync(Patience, TimeProvider.System, cancellationToken);
            }
            finally
            {
                python.KillAll();
                await python.Exited;
                await said;
            }
            return python.ExitCode == 0;
        }
        catch (Exception error) when (error is Win32Exception or TimeoutException)
        {
            // One that cannot be run, or does not answer, is of no use either.
            return false;
        }
    }
}
