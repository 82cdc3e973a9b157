using Warren.Jobs.Processes;

namespace Warren.AI.Engines;

/// <summary>The engines that run offline: what there is, what is missing, and how it is installed.</summary>
internal sealed class EngineCatalog(SpeechPrograms speech, HarperPrograms harper)
{
    /// <summary>All engines.</summary>
    public IReadOnlyList<OfflineEngine> All => [harper.Engine, speech.Engine];

    /// <summary>The engine of speech.</summary>
    public OfflineEngine Speech => speech.Engine;

    /// <summary>What has to be run to have an engine whole, in this order. npm runs in its directory, which <see cref="HarperPrograms.Unpack"/> makes.</summary>
    public async Task<IReadOnlyList<InstallStep>> StepsAsync(OfflineEngine engine, CancellationToken cancellationToken)
    {
        var missing = await engine.MissingAsync(cancellationToken);
        var packages = missing.Select(part => part.Package).OfType<string>().ToList();
        var needsNpm = missing.Any(part => part.Package is null);
        if (needsNpm && Executable.Find("npm", "/", harper.SearchPath, out _) is null)
            packages.Add("npm");
        var steps = new List<InstallStep>();
        if (packages.Count > 0)
        {
            steps.Add(new("apt-get", ["update"], NeedsRoot: true));
            steps.Add(new("apt-get", ["install", "--yes", "--no-install-recommends", .. packages], NeedsRoot: true));
        }
        if (needsNpm)
            steps.Add(new("npm", ["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"], harper.Directory));
        return steps;
    }

    /// <summary>Puts the files of engines where npm will install what they need. What is there already is replaced.</summary>
    public void Unpack() => harper.Unpack();
}
