namespace Warren.Messaging.Hosting;

/// <summary>The words of settings: what counts as on and off, and which name a misspelt one is nearest to.</summary>
internal static class SettingWords
{
    /// <summary>The words that <see cref="TryParseFlag"/> reads.</summary>
    public const string ExpectedFlag = "true or false (or 1/0, yes/no, on/off)";

    /// <summary>Reads a flag in the words that people and other languages use; false if it is none of them.</summary>
    public static bool TryParseFlag(string text, out bool flag)
    {
        bool? read = text.Trim().ToUpperInvariant() switch
        {
            "TRUE" or "1" or "YES" or "ON" => true,
            "FALSE" or "0" or "NO" or "OFF" => false,
            _ => null,
        };
        flag = read ?? false;
        return read is not null;
    }

    /// <summary>The name that a misspelt one most likely stands for, or null if none is near.</summary>
    public static string? Nearest(string name, IEnumerable<string> candidates)
    {
        var (nearest, distance) = candidates.Select(candidate => (candidate, Distance(name, candidate))).MinBy(pair => pair.Item2);
        return distance <= Math.Max(2, name.Length / 3) ? nearest : null;
    }

    /// <summary>Levenshtein distance without regard to letter case.</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var substitution = diagonal + (char.ToUpperInvariant(one[i - 1]) == char.ToUpperInvariant(other[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[other.Length];
    }
}
