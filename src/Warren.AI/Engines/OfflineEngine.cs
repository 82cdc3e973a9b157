using Warren.Jobs;
using Warren.Jobs.Processes;

namespace Warren.AI.Engines;

/// <summary>Programs and models that do a kind of work without any service, and that have to be installed.</summary>
/// <param name="Name">What it is called in <c>warren engines install</c>.</param>
/// <param name="Purpose">What it is for, in a few words.</param>
/// <param name="Without">What happens without it.</param>
/// <param name="Parts">What it consists of.</param>
internal sealed record OfflineEngine(string Name, string Purpose, string Without, IReadOnlyList<EnginePart> Parts)
{
    /// <summary>What installs it.</summary>
    public string InstallCommand => $"warren engines install {Name}";

    /// <summary>The parts that are not there.</summary>
    public async Task<IReadOnlyList<EnginePart>> MissingAsync(CancellationToken cancellationToken)
    {
        var missing = new List<EnginePart>();
        foreach (var part in Parts)
        {
            if (!await part.IsThereAsync(cancellationToken))
                missing.Add(part);
        }
        return missing;
    }

    /// <summary>What is missing, in the words that jobs, lists and checks use alike.</summary>
    public string Lacks(IReadOnlyList<EnginePart> missing) => $"The engine {Name} lacks {string.Join(", ", missing)}: install it with `{InstallCommand}`";

    /// <summary>How a job ends that needs what is missing.</summary>
    public JobFailedException Failure(IReadOnlyList<EnginePart> missing) => new(EngineFault.Missing, Lacks(missing), FailureCause.Invalid);
}
