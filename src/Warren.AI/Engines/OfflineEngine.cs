namespace Warren.AI.Engines;

/// <summary>Programs and models that do a kind of work without any service, and that have to be installed.</summary>
/// <param name="Name">What it is called in <c>warren engines install</c>.</param>
/// <param name="Purpose">What it is for, in a few words.</param>
/// <param name="Without">What happens without it.</param>
/// <param name="Parts">What it consists of.</param>
internal sealed record OfflineEngine(string Name, string Purpose, string Without, IReadOnlyList<EnginePart> Parts)
{
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
}

/// <summary>A part of an engine.</summary>
/// <param name="Name">What it is.</param>
/// <param name="IsThereAsync">Whether this machine has it.</param>
/// <param name="Package">The package of Debian and Ubuntu that brings it; null for what npm brings.</param>
internal sealed record EnginePart(string Name, Func<CancellationToken, Task<bool>> IsThereAsync, string? Package);

/// <summary>A command that installs something.</summary>
/// <param name="Program">The program.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Directory">Where it runs; null is here.</param>
/// <param name="NeedsRoot">Whether only root may.</param>
internal sealed record InstallStep(string Program, IReadOnlyList<string> Arguments, string? Directory = null, bool NeedsRoot = false)
{
    /// <summary>The command as one would type it.</summary>
    public override string ToString() =>
        $"{(Directory is null ? "" : $"cd {Directory} && ")}{(NeedsRoot ? "sudo " : "")}{Program} {string.Join(' ', Arguments)}";
}
