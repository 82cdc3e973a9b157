namespace Warren.Jobs.Processes;

/// <summary>
/// The name of a kind as a configuration key: a shell cannot export a variable with a dot or a dash in it, so <c>_</c> stands for both.
/// </summary>
internal static class KindKey
{
    /// <summary>The kind that a key names.</summary>
    /// <param name="key">The key below <c>Warren:Kinds</c>, in any letter case.</param>
    /// <param name="known">Kinds known by other means; of several forms of a key the known one is meant.</param>
    /// <param name="problem">Why it names none, for a message.</param>
    public static string? Resolve(string key, IEnumerable<string> known, out string problem)
    {
        problem = "";
        // Kinds are in lower case, and variables often are not.
        var name = key.ToLowerInvariant();
        if (JobKind.IsValid(name))
            return name;
        var meant = known.Where(kind => Fold(kind) == Fold(name)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (meant.Count > 1)
        {
            problem = $"Warren:Kinds:{key} may mean {string.Join(" or ", meant)}: use the name itself, in a file of settings.";
            return null;
        }
        if (meant.Count == 1)
            return meant[0];
        name = name.Replace('_', '.');
        if (JobKind.IsValid(name))
            return name;
        problem = $"Warren:Kinds:{key} does not name a kind; expected {JobKind.Form}, with _ for . and - if need be.";
        return null;
    }

    private static string Fold(string name) => name.Replace('.', '_').Replace('-', '_');
}
