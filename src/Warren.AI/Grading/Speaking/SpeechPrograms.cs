using Warren.Jobs;
using Warren.Jobs.Processes;

namespace Warren.AI.Grading.Speaking;

/// <summary>Where the programs are that speech is graded with, and which of them are missing. The defaults are those of Debian's packages.</summary>
internal sealed record SpeechPrograms
{
    /// <summary>What installs them.</summary>
    public const string InstallCommand = "warren engines install speech";

    /// <summary>Reads recordings: a name on the path, or a path.</summary>
    public string Ffmpeg { get; init; } = "ffmpeg";

    /// <summary>The <c>PATH</c> that <see cref="Ffmpeg"/> is looked for on. The default is this process's.</summary>
    public string? SearchPath { get; init; } = Environment.GetEnvironmentVariable("PATH");

    /// <summary>The Python that sees the system's modules; one on the path may be another.</summary>
    public string Python { get; init; } = "/usr/bin/python3";

    /// <summary>Where the module <c>pocketsphinx</c> is.</summary>
    public string Modules { get; init; } = "/usr/lib/python3/dist-packages";

    /// <summary>The model of English.</summary>
    public string Model { get; init; } = "/usr/share/pocketsphinx/model/en-us";

    /// <summary>The path of <see cref="Ffmpeg"/>.</summary>
    /// <exception cref="JobFailedException">It is missing.</exception>
    public string FindFfmpeg() =>
        Executable.Find(Ffmpeg, "/", SearchPath, out _) ?? throw Fail([NoFfmpeg]);

    /// <summary>What is missing to read recordings, to make transcripts and to align them; in that order, none if all is there.</summary>
    public IReadOnlyList<MissingProgram> Missing()
    {
        IReadOnlyList<MissingProgram> reader = Executable.Find(Ffmpeg, "/", SearchPath, out _) is null ? [NoFfmpeg] : [];
        return [.. reader, .. MissingForListening()];
    }

    /// <summary>What is missing to make transcripts and to align them.</summary>
    public IReadOnlyList<MissingProgram> MissingForListening()
    {
        List<MissingProgram> missing = [];
        if (!File.Exists(Python))
            missing.Add(new MissingProgram(Python, "python3", "runs the engine of speech"));
        if (!Directory.Exists(Path.Combine(Modules, "pocketsphinx")))
            missing.Add(new MissingProgram("pocketsphinx", "python3-pocketsphinx", "listens"));
        if (!File.Exists(Path.Combine(Model, "en-us.lm.bin")))
            missing.Add(new MissingProgram("the model of English", "pocketsphinx-en-us", "tells it how English sounds"));
        return missing;
    }

    /// <summary>The failure of a job that needs what is missing.</summary>
    public static JobFailedException Fail(IReadOnlyList<MissingProgram> missing) => new(
        EngineFault.Missing,
        $"{string.Join("; ", missing.Select(program => $"{program.Name} is missing (package {program.Package}), which {program.Use}"))}: install it with `{InstallCommand}`",
        FailureCause.Invalid);

    private MissingProgram NoFfmpeg => new(Ffmpeg, "ffmpeg", "reads recordings");
}

/// <summary>A program, or a part of one, that is not installed.</summary>
/// <param name="Name">What was looked for.</param>
/// <param name="Package">The package of Debian that has it.</param>
/// <param name="Use">What it does, as the end of a sentence.</param>
internal sealed record MissingProgram(string Name, string Package, string Use);
