using System.ComponentModel;
using System.Diagnostics;

namespace Warren.AI.Engines;

/// <summary>The engines that run offline: what there is, what is missing, and how it is installed.</summary>
/// <param name="directory">Where engines of npm are installed.</param>
/// <param name="shipped">Where their programs come from: the folder <c>engines</c> beside the executable.</param>
internal sealed class EngineCatalog(string directory, string shipped)
{
    /// <summary>Debian's interpreter, which sees Debian's modules; one of pyenv before it on the PATH does not.</summary>
    public const string Python = "/usr/bin/python3";

    private const string Model = "/usr/share/pocketsphinx/model/en-us";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Where engines of npm are installed.</summary>
    public string Directory => directory;

    /// <summary>All engines.</summary>
    public IReadOnlyList<OfflineEngine> All =>
    [
        new(
            "harper",
            "grammar and spelling for grading.writing",
            "grading.writing goes by Warren's own rules alone",
            [
                new("node", _ => Task.FromResult(IsOnPath("node")), "nodejs"),
                new("npm", _ => Task.FromResult(IsOnPath("npm") || IsInstalled("harper")), "npm"),
                new("the npm packages of harper", _ => Task.FromResult(IsInstalled("harper")), null),
            ]),
        new(
            "speech",
            "transcript and pronunciation for grading.speaking",
            "jobs of grading.speaking fail with engine.missing",
            [
                new("ffmpeg", _ => Task.FromResult(IsOnPath("ffmpeg")), "ffmpeg"),
                new($"{Python} with the module pocketsphinx", HasModuleAsync, "python3-pocketsphinx"),
                new("the English model of pocketsphinx", _ => Task.FromResult(System.IO.Directory.Exists(Model)), "pocketsphinx-en-us"),
            ]),
    ];

    /// <summary>What has to be run to have an engine whole, in this order.</summary>
    public async Task<IReadOnlyList<InstallStep>> StepsAsync(OfflineEngine engine, CancellationToken cancellationToken)
    {
        var missing = await engine.MissingAsync(cancellationToken);
        var packages = missing.Select(part => part.Package).OfType<string>().ToList();
        var steps = new List<InstallStep>();
        if (packages.Count > 0)
        {
            steps.Add(new("apt-get", ["update"], NeedsRoot: true));
            steps.Add(new("apt-get", ["install", "--yes", "--no-install-recommends", .. packages], NeedsRoot: true));
        }
        if (missing.Any(part => part.Package is null))
            steps.Add(new("npm", ["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"], Path.Combine(directory, engine.Name)));
        return steps;
    }

    /// <summary>Puts the programs of an engine where npm will install what they need. What is there already is replaced.</summary>
    public void Unpack(string engine)
    {
        var from = Path.Combine(shipped, engine);
        var to = System.IO.Directory.CreateDirectory(Path.Combine(directory, engine)).FullName;
        foreach (var file in System.IO.Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }

    private static bool IsOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    private static async Task<bool> HasModuleAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Python))
            return false;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            using var python = Process.Start(new ProcessStartInfo(Python, ["-c", "import pocketsphinx"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            var said = Task.WhenAll(python.StandardError.ReadToEndAsync(limit.Token), python.StandardOutput.ReadToEndAsync(limit.Token));
            await python.WaitForExitAsync(limit.Token);
            await said;
            return python.ExitCode == 0;
        }
        catch (Exception error) when (error is Win32Exception or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // One that cannot be run, or does not answer, is of no use either.
            return false;
        }
    }

    // An install that was interrupted is none, and one of another version is not this program's.
    private bool IsInstalled(string engine) =>
        File.Exists(Path.Combine(directory, engine, "node_modules", ".package-lock.json"))
        && System.IO.Directory.Exists(Path.Combine(shipped, engine))
        && System.IO.Directory.GetFiles(Path.Combine(shipped, engine)).All(file =>
            File.Exists(Path.Combine(directory, engine, Path.GetFileName(file)))
            && File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(directory, engine, Path.GetFileName(file)))));
}
