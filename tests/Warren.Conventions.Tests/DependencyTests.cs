using System.Reflection;
using System.Text.RegularExpressions;

namespace Warren.Conventions.Tests;

/// <summary>The arrows between projects, and between the folders of each (docs/architecture.md).</summary>
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

    // The folders of each project: what each may use of the others. The types at the root are the vocabulary of all; only they, and what
    // registers them, put the folders together.
    private static readonly Dictionary<string, Dictionary<string, string[]>> Folders = new()
    {
        ["Warren.Messaging"] = new()
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
        },
        // What is pure and what writes the disk know nothing of the broker around them.
        ["Warren.Broker"] = new()
        {
            ["Protocol"] = [],
            ["Storage"] = [],
            ["Routing"] = ["Protocol"],
            ["Queues"] = ["Protocol", "Routing", "Storage"],
            ["Diagnostics"] = ["Protocol", "Queues", "Storage"],
            ["Connections"] = ["Protocol", "Routing", "Queues", "Storage", "Diagnostics"],
        },
        // A handler, whatever it does, knows no worker, and the worker no handler.
        ["Warren.Jobs"] = new()
        {
            ["Contracts"] = [],
            ["Diagnostics"] = [],
            ["Kinds"] = [],
            ["Processes"] = [],
            ["Protocol"] = [],
            ["Client"] = ["Protocol"],
            ["Hosting"] = ["Kinds", "Processes", "Protocol"],
            ["Worker"] = ["Diagnostics", "Hosting", "Protocol"],
        },
        // The moves know the rows they change, and nothing that reads or sends.
        ["Warren.Coordinator"] = new()
        {
            ["Batching"] = [],
            ["Events"] = [],
            ["Schemas"] = [],
            ["Storage"] = [],
            ["Moves"] = ["Storage"],
            ["Outbox"] = ["Batching", "Storage"],
            ["Folding"] = ["Moves", "Storage"],
            ["Intake"] = ["Batching", "Moves", "Outbox", "Schemas", "Storage"],
            ["Claims"] = ["Intake", "Moves", "Storage"],
            ["Leader"] = ["Outbox", "Storage"],
            ["Hosting"] = ["Storage"],
        },
        ["Warren.AI"] = new()
        {
            ["Chat"] = [],
            ["Engines"] = [],
            ["Guard"] = [],
            ["Grading"] = ["Chat", "Engines", "Guard"],
        },
        ["Warren.Server"] = new()
        {
            ["Metrics"] = [],
            ["Security"] = [],
            ["Api"] = ["Metrics", "Security"],
            ["Testing"] = [],
        },
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

    [Theory]
    [MemberData(nameof(ProjectsWithFolders))]
    public void Folders_use_only_what_their_arrows_allow(string project)
    {
        var folders = Folders[project];

        Nothing.In(
            from file in Repository.Files
            where file.StartsWith($"src/{project}/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
            let parts = file.Split('/')
            where parts.Length > 3
            let code = Repository.Code(file)
            from other in folders.Keys
            where other != parts[2] && !folders.GetValueOrDefault(parts[2], []).Contains(other) && Uses(code, project, other)
            select $"{file} uses {other}; {parts[2]} may use {List(folders.GetValueOrDefault(parts[2], []))}.");
    }

    [Theory]
    [MemberData(nameof(ProjectsWithFolders))]
    public void Every_folder_has_its_arrows(string project) => Assert.Equal(
        Directory.GetDirectories(Path.Combine(Repository.Root, "src", project)).Select(Path.GetFileName)
            .Except(["bin", "obj"]).Order(StringComparer.Ordinal),
        Folders[project].Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Every_package_has_a_table_of_its_folders() => Assert.Equal(
        Repository.Packages.Order(StringComparer.Ordinal), Folders.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(ProjectsWithFolders))]
    public void Arrows_between_folders_do_not_go_round(string project) =>
        Assert.All(Folders[project].Keys, from => Assert.DoesNotContain(from, Closure(Folders[project], from)));

    [Fact]
    public void Arrows_between_projects_do_not_go_round() => Assert.All(Arrows.Keys, from => Assert.DoesNotContain(from, Closure(Arrows, from)));

    public static TheoryData<string> ProjectsWithFolders => [.. Folders.Keys];

    // A using directive, or a name that begins at the folder's namespace; properties of the broker's types are called as its folders are.
    private static bool Uses(string code, string project, string folder) =>
        Regex.IsMatch(code, $@"\b{Regex.Escape(project)}\.{folder}\b")
        || (project == "Warren.Messaging" && Regex.IsMatch(code, $@"(?<![\w.]){folder}\.[A-Z]\w+[.(<]"));

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
