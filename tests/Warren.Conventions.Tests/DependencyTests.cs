using System.Reflection;
using System.Text.RegularExpressions;

namespace Warren.Conventions.Tests;

/// <summary>The arrows between projects, and between the folders of Warren.Messaging (docs/architecture.md).</summary>
public class DependencyTests
{
    // What a project rests on. It may also name what those rest on. A project that is not here yet gets its line before its code.
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Warren.Messaging"] = [],
        ["Warren.Jobs"] = ["Warren.Messaging"],
        ["Warren.Coordinator"] = ["Warren.Jobs"],
        ["Warren.AI"] = ["Warren.Jobs"],
        ["Warren.Celery"] = ["Warren.Jobs"],
        // Reached by AMQP bytes only, so it knows no other project.
        ["Warren.Broker"] = [],
        ["Warren.Server"] = ["Warren.Coordinator", "Warren.AI", "Warren.Celery", "Warren.Broker"],
        ["Warren.Cli"] = ["Warren.Server"],
    };

    // Everybody who installs a package installs these too.
    private static readonly Dictionary<string, string[]> Packages = new()
    {
        ["Warren.Messaging"] =
        [
            "Microsoft.Extensions.Configuration.FileExtensions", "Microsoft.Extensions.Diagnostics.HealthChecks",
            "Microsoft.Extensions.Hosting.Abstractions", "Microsoft.Extensions.Options.ConfigurationExtensions",
            "Microsoft.Extensions.Options.DataAnnotations", "Polly.Core", "RabbitMQ.Client",
        ],
        ["Warren.Jobs"] = [],
        ["Warren.Coordinator"] = ["Microsoft.Data.Sqlite", "Npgsql", "SQLitePCLRaw.bundle_e_sqlite3"],
        ["Warren.AI"] = ["Microsoft.Extensions.AI.Abstractions", "OpenAI"],
        ["Warren.Celery"] = [],
        ["Warren.Broker"] = [],
        ["Warren.Server"] = ["OpenTelemetry", "OpenTelemetry.Exporter.OpenTelemetryProtocol"],
        ["Warren.Cli"] =
        [
            "Microsoft.Extensions.Configuration.EnvironmentVariables", "Microsoft.Extensions.Configuration.Json", "Spectre.Console", "System.CommandLine",
        ],
    };

    private static readonly string[] MayUseAspNetCore = ["Warren.Broker", "Warren.Server"];

    // The folders of Warren.Messaging: what each may use of the others. The types at the root are the vocabulary of all; only
    // MessageBus and what hosts it put the folders together.
    private static readonly Dictionary<string, string[]> Folders = new()
    {
        ["Connections"] = [],
        ["Content"] = [],
        ["Diagnostics"] = [],
        ["Topology"] = ["Connections"],
        ["Publishing"] = ["Connections", "Content", "Diagnostics", "Topology"],
        ["Consumers"] = ["Connections", "Content", "Diagnostics", "Topology"],
        ["Retries"] = ["Publishing", "Topology"],
        ["Rpc"] = ["Connections", "Content", "Diagnostics", "Publishing"],
        ["Hosting"] = ["Connections", "Topology"],
    };

    // The same of Warren.Broker. What is pure and what writes the disk know nothing of the broker around them.
    private static readonly Dictionary<string, string[]> BrokerFolders = new()
    {
        ["Protocol"] = [],
        ["Storage"] = [],
        ["Routing"] = ["Protocol"],
        ["Queues"] = ["Protocol", "Routing", "Storage"],
        ["Diagnostics"] = ["Protocol", "Queues", "Storage"],
        ["Connections"] = ["Protocol", "Routing", "Queues", "Storage", "Diagnostics"],
    };

    [Fact]
    public void Projects_reference_only_what_the_arrows_allow() => Nothing.In(
        from project in Repository.Projects("src")
        from reference in References(project.Path)
        where !Below(project.Name).Contains(reference)
        select $"{project.Path} references {reference}; allowed: {List(Below(project.Name))}.");

    [Fact]
    public void Assemblies_reference_only_what_the_arrows_allow() => Nothing.In(
        from package in Repository.Packages
        from reference in Assembly.Load(package).GetReferencedAssemblies()
        where reference.Name!.StartsWith("Warren.", StringComparison.Ordinal) && !Below(package).Contains(reference.Name)
        select $"{package}.dll references {reference.Name}; allowed: {List(Below(package))}.");

    [Fact]
    public void Projects_bring_in_only_the_packages_that_are_listed() => Nothing.In(
        from project in Repository.Projects("src")
        from package in Repository.Xml(project.Path).Descendants("PackageReference").Select(element => element.Attribute("Include")!.Value)
        where !Packages.GetValueOrDefault(project.Name, []).Contains(package)
        select $"{project.Path} brings in {package}; allowed: {List(Packages.GetValueOrDefault(project.Name, []))}.");

    [Fact]
    public void Only_broker_and_server_need_the_AspNetCore_framework() => Nothing.In(
        from project in Repository.Projects("src")
        where !MayUseAspNetCore.Contains(project.Name)
        let xml = Repository.Xml(project.Path)
        where xml.Descendants("FrameworkReference").Any() || xml.Root!.Attribute("Sdk")?.Value != "Microsoft.NET.Sdk"
        select $"{project.Path} needs more than Microsoft.NETCore.App.");

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var listed = Repository.Xml("Warren.slnx").Descendants("Project").Select(element => element.Attribute("Path")!.Value).ToHashSet();

        Nothing.In(
            from project in Repository.Projects("src").Concat(Repository.Projects("tests"))
            where !listed.Contains(project.Path)
            select $"{project.Path} is not in Warren.slnx, so it is neither built nor tested.");
    }

    [Fact]
    public void Folders_of_messaging_use_only_what_their_arrows_allow() => Nothing.In(
        from file in Repository.Files
        where file.StartsWith("src/Warren.Messaging/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
        let parts = file.Split('/')
        where parts.Length > 3
        let code = Repository.Code(file)
        from other in Folders.Keys
        where other != parts[2] && !Folders.GetValueOrDefault(parts[2], []).Contains(other) && Uses(code, other)
        select $"{file} uses {other}; {parts[2]} may use {List(Folders.GetValueOrDefault(parts[2], []))}.");

    [Fact]
    public void Folders_of_the_broker_use_only_what_their_arrows_allow() => Nothing.In(
        from file in Repository.Files
        where file.StartsWith("src/Warren.Broker/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
        let parts = file.Split('/')
        where parts.Length > 3
        let code = Repository.Code(file)
        from other in BrokerFolders.Keys
        where other != parts[2] && !BrokerFolders.GetValueOrDefault(parts[2], []).Contains(other) && Regex.IsMatch(code, $@"\bWarren\.Broker\.{other}\b")
        select $"{file} uses {other}; {parts[2]} may use {List(BrokerFolders.GetValueOrDefault(parts[2], []))}.");

    [Fact]
    public void Every_folder_of_the_broker_has_its_arrows() => Assert.Equal(
        Directory.GetDirectories(Path.Combine(Repository.Root, "src/Warren.Broker")).Select(Path.GetFileName)
            .Except(["bin", "obj"]).Order(StringComparer.Ordinal),
        BrokerFolders.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Every_folder_of_messaging_has_its_arrows() => Assert.Equal(
        Directory.GetDirectories(Path.Combine(Repository.Root, "src/Warren.Messaging")).Select(Path.GetFileName)
            .Except(["bin", "obj"]).Order(StringComparer.Ordinal),
        Folders.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(ArrowTables))]
    public void Arrows_do_not_go_round(string table)
    {
        var arrows = table switch { "projects" => Arrows, "folders" => Folders, _ => BrokerFolders };

        Assert.All(arrows.Keys, from => Assert.DoesNotContain(from, Closure(arrows, from)));
    }

    public static TheoryData<string> ArrowTables => ["projects", "folders", "folders of the broker"];

    // A using directive, or a name that begins at the folder's namespace.
    private static bool Uses(string code, string folder) =>
        Regex.IsMatch(code, $@"\bWarren\.Messaging\.{folder}\b|(?<![\w.]){folder}\.[A-Z]\w+[.(<]");

    private static IEnumerable<string> References(string project) =>
        from reference in Repository.Xml(project).Descendants("ProjectReference")
        select Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'));

    private static HashSet<string> Below(string project) => Closure(Arrows, project);

    private static HashSet<string> Closure(Dictionary<string, string[]> arrows, string from)
    {
        var reached = new HashSet<string>();
        var next = new Queue<string>(arrows.GetValueOrDefault(from, []));
        while (next.TryDequeue(out var name))
        {
            if (reached.Add(name))
                Array.ForEach(arrows[name], next.Enqueue);
        }
        return reached;
    }

    private static string List(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal)) is { Length: > 0 } list ? list : "nothing";
}
