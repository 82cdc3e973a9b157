using System.Text.RegularExpressions;

namespace Warren.TestKit;

/// <summary>The RabbitMQ server installed on this machine: a directory with <c>sbin</c> and <c>plugins</c>.</summary>
/// <param name="Home">That directory.</param>
internal sealed partial record RabbitMqInstallation(string Home)
{
    private const string DebianServers = "/usr/lib/rabbitmq/lib";

    // Applications the server starts or calls without naming them among its own.
    private static readonly string[] Unnamed = ["rabbitmq_prelaunch", "cuttlefish", "getopt", "systemd", "enough", "recon", "jsx", "redbug"];

    /// <summary>The installation, or null: <c>RABBITMQ_HOME</c>, then where Debian puts it, then where <c>rabbitmq-server</c> on the path leads.</summary>
    public static RabbitMqInstallation? Find() => Candidates().FirstOrDefault(IsHome) is { } home ? new(home) : null;

    /// <summary>A script of the installation that runs as any user, unlike the wrappers in <c>/usr/sbin</c>.</summary>
    public string Script(string name) => Path.Combine(Home, "sbin", name);

    /// <summary>Makes in <paramref name="directory"/> a home of links to only what a node with <paramref name="plugins"/> loads.</summary>
    /// <remarks>
    /// The runtime looks for each of about 1,500 modules in every directory of its path. Without the fifty plugins nobody asked
    /// for, a node starts in half the time.
    /// </remarks>
    public void MakePrivateHome(string directory, IReadOnlyList<string> plugins)
    {
        var sbin = Directory.CreateDirectory(Path.Combine(directory, "sbin")).FullName;
        foreach (var script in Directory.EnumerateFiles(Path.Combine(Home, "sbin")))
            File.CreateSymbolicLink(Path.Combine(sbin, Path.GetFileName(script)), script);

        if (Directory.Exists(Path.Combine(Home, "escript")))
            Directory.CreateSymbolicLink(Path.Combine(directory, "escript"), Path.Combine(Home, "escript"));

        var shipped = Directory.EnumerateDirectories(Path.Combine(Home, "plugins"))
            .ToLookup(path => ApplicationName(Path.GetFileName(path)), StringComparer.Ordinal);
        if (!shipped.Contains("rabbit"))
        {
            // Plugins as archives, as very old servers have them: take them as they are.
            Directory.CreateSymbolicLink(Path.Combine(directory, "plugins"), Path.Combine(Home, "plugins"));
            return;
        }

        var target = Directory.CreateDirectory(Path.Combine(directory, "plugins")).FullName;
        foreach (var source in Closure(["rabbit", .. Unnamed, .. plugins], shipped).SelectMany(application => shipped[application]))
            Directory.CreateSymbolicLink(Path.Combine(target, Path.GetFileName(source)), source);
    }

    private static HashSet<string> Closure(IEnumerable<string> roots, ILookup<string, string> shipped)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(roots);
        while (open.TryDequeue(out var application))
        {
            if (!shipped.Contains(application) || !found.Add(application))
                continue;
            var descriptions = shipped[application].Select(path => Path.Combine(path, "ebin", application + ".app")).Where(File.Exists);
            var named = descriptions
                .SelectMany(path => ApplicationLists().Matches(File.ReadAllText(path)))
                .SelectMany(list => Atoms().Matches(list.Groups[1].Value));
            foreach (var atom in named)
                open.Enqueue(atom.Value);
        }

        return found;
    }

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable("RABBITMQ_HOME") is { Length: > 0 } home)
            yield return home;

        if (Directory.Exists(DebianServers))
        {
            foreach (var directory in Directory.EnumerateDirectories(DebianServers, "rabbitmq_server-*").OrderDescending())
                yield return directory;
        }

        if (Services.FindOnPath("rabbitmq-server") is { } script)
        {
            var real = File.ResolveLinkTarget(script, returnFinalTarget: true)?.FullName ?? script;
            yield return Path.GetFullPath(Path.Combine(Path.GetDirectoryName(real)!, ".."));
        }
    }

    private static bool IsHome(string path) =>
        File.Exists(Path.Combine(path, "sbin", "rabbitmq-server")) && Directory.Exists(Path.Combine(path, "plugins"));

    private static string ApplicationName(string directory) => directory.Split('-')[0];

    [GeneratedRegex(@"applications\s*,\s*\[(.*?)\]", RegexOptions.Singleline)]
    private static partial Regex ApplicationLists();

    [GeneratedRegex("[a-z][a-z0-9_]*")]
    private static partial Regex Atoms();
}
