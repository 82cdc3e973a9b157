namespace Warren.AI.Engines;

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
