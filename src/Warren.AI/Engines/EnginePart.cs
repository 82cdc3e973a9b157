namespace Warren.AI.Engines;

/// <summary>A part of an engine.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Package">The package of Debian and Ubuntu that brings it; null for what npm brings.</param>
/// <param name="IsThereAsync">Whether this machine has it, there where the engine looks for it.</param>
internal sealed record EnginePart(string Name, string? Package, Func<CancellationToken, Task<bool>> IsThereAsync)
{
    /// <summary>What it is called wherever it is missing.</summary>
    public override string ToString() => Package is null ? Name : $"{Name} (package {Package})";
}
