using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Warren.Coordinator.Storage;

/// <summary>One numbered step of a store's tables: a script that ships in this assembly and never changes once it was released.</summary>
internal sealed record Migration(int Version, string Name, string Script)
{
    /// <summary>SHA-256 of the script, in hexadecimal: two programs that call different scripts by one number are found out.</summary>
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Script.ReplaceLineEndings("\n"))));

    /// <summary>All steps for <c>sqlite</c> or <c>postgres</c>, in order.</summary>
    public static IReadOnlyList<Migration> For(string dialect)
    {
        var assembly = typeof(Migration).Assembly;
        var suffix = $".{dialect}.sql";
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(suffix, StringComparison.Ordinal))
            .Select(name => Read(assembly.GetManifestResourceStream(name)!, name[..^suffix.Length].Split('.')[^1]))
            .OrderBy(migration => migration.Version)];
    }

    /// <summary>The steps that are still to be taken.</summary>
    /// <param name="known">All steps this program knows.</param>
    /// <param name="applied">What was taken so far: checksums by version.</param>
    /// <param name="store">What the store is, for the error.</param>
    /// <exception cref="StoreRefusedException">The store is of a later version, or its steps were others.</exception>
    public static IReadOnlyList<Migration> Pending(IReadOnlyList<Migration> known, IReadOnlyDictionary<int, string> applied, string store)
    {
        var latest = known[^1].Version;
        if (applied.Count > 0 && applied.Keys.Max() is var version && version > latest)
        {
            throw new StoreRefusedException(
                $"{store} is of version {version}; this program knows versions up to {latest}. Run the program that wrote it, or a later one.");
        }

        foreach (var migration in known)
        {
            if (applied.TryGetValue(migration.Version, out var checksum) && checksum != migration.Checksum)
            {
                throw new StoreRefusedException(
                    $"{store} was brought to version {migration.Version} by another script ({checksum[..12]}) than this program's {migration.Name} ({migration.Checksum[..12]}).");
            }
        }
        return [.. known.Where(migration => !applied.ContainsKey(migration.Version))];
    }

    private static Migration Read(Stream resource, string name)
    {
        using var reader = new StreamReader(resource, Encoding.UTF8);
        return new(int.Parse(name[..4], CultureInfo.InvariantCulture), name, reader.ReadToEnd());
    }
}
