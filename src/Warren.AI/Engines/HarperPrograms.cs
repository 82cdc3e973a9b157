using System.Collections.Frozen;
using System.Reflection;
using Warren.Jobs.Processes;

namespace Warren.AI.Engines;

/// <summary>What Harper consists of, where its parts are, and whether they are there: Node on the path, the rest in a directory of engines.</summary>
/// <param name="engines">The directory of engines.</param>
internal sealed class HarperPrograms(string engines)
{
    private const string Name = "harper";

    /// <summary>The <c>PATH</c> that Node is looked for on. The default is this process's.</summary>
    public string? SearchPath { get; init; } = Environment.GetEnvironmentVariable("PATH");

    /// <summary>Harper's own files, by name; npm brings what they need. The default are those that come with this assembly.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = Shipped.Value;

    /// <summary>The directory it is installed in.</summary>
    public string Directory { get; } = Path.Combine(engines, Name);

    /// <summary>The program, for Node.</summary>
    public string Program => Path.Combine(Directory, "harper.mjs");

    /// <summary>The path of Node, or null.</summary>
    public string? Node => Executable.Find("node", "/", SearchPath, out _);

    /// <summary>The engine.</summary>
    public OfflineEngine Engine => new(
        Name,
        "grammar and spelling for grading.writing",
        "grading.writing goes by Warren's own rules alone",
        [
            new("node", "nodejs", _ => Task.FromResult(Node is not null)),
            new("Harper with its npm packages", null, _ => Task.FromResult(IsInstalled())),
        ]);

    private static Lazy<FrozenDictionary<string, byte[]>> Shipped { get; } = new(() =>
        Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(resource => resource.StartsWith($"{Name}/", StringComparison.Ordinal))
            .ToFrozenDictionary(resource => resource[(Name.Length + 1)..], Read, StringComparer.Ordinal));

    /// <summary>Puts its files where npm will install what they need. What is there already is replaced.</summary>
    public void Unpack()
    {
        System.IO.Directory.CreateDirectory(Directory);
        foreach (var (name, content) in Files)
            File.WriteAllBytes(Path.Combine(Directory, name), content);
    }

    // An install that was interrupted is none, and one of another version is not this program's.
    private bool IsInstalled() =>
        File.Exists(Path.Combine(Directory, "node_modules", ".package-lock.json"))
        && Files.All(file => Path.Combine(Directory, file.Key) is var path && File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(file.Value));

    private static byte[] Read(string resource)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
