using Warren.AI.Engines;

namespace Warren.Cli.Doctor;

/// <summary>Looks at the engines of this machine. To have none is a choice, so nothing here is a fault.</summary>
internal static class EngineLook
{
    /// <summary>A line for each engine.</summary>
    public static async Task<IReadOnlyList<Check>> AtAsync(EngineCatalog catalog, CancellationToken cancellationToken)
    {
        var checks = new List<Check>();
        foreach (var engine in catalog.All)
        {
            var missing = await engine.MissingAsync(cancellationToken);
            checks.Add(missing.Count == 0
                ? new($"engine {engine.Name}", CheckStatus.Ok, $"installed, for {engine.Purpose}")
                : new(
                    $"engine {engine.Name}", CheckStatus.Ok, $"not installed: {engine.Without}",
                    $"For {engine.Purpose} without any service. {engine.Lacks(missing)}"));
        }
        return checks;
    }
}
