using Microsoft.Extensions.Configuration;
using Warren.AI.Engines;
using Warren.AI.Grading;
using Warren.TestKit;

namespace Warren.AI.Tests.Engines;

/// <summary>What is said of engines is said of all alike, and what installs them installs what is missing.</summary>
public sealed class EngineCatalogTests : IDisposable
{
    private readonly DirectoryInfo _empty = Directory.CreateTempSubdirectory("warren-engines-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _empty.Delete(recursive: true);

    [Fact]
    public async Task On_a_bare_machine_every_package_is_installed_and_npm_only_to_install_with()
    {
        var catalog = Catalog(searchPath: "");

        var harper = await catalog.StepsAsync(catalog.All[0], Cancellation);
        var speech = await catalog.StepsAsync(catalog.Speech, Cancellation);

        Assert.Equal(
            [
                "sudo apt-get update",
                "sudo apt-get install --yes --no-install-recommends nodejs npm",
                $"cd {Path.Combine(_empty.FullName, "harper")} && npm ci --ignore-scripts --omit=dev --no-audit --no-fund",
            ],
            harper.Select(step => step.ToString()));
        Assert.Equal(
            ["sudo apt-get update", "sudo apt-get install --yes --no-install-recommends ffmpeg python3 python3-pocketsphinx pocketsphinx-en-us"],
            speech.Select(step => step.ToString()));
    }

    [Fact]
    public void Unpacking_makes_what_npm_reads_and_what_node_runs()
    {
        var programs = new HarperPrograms(_empty.FullName);
        Directory.CreateDirectory(programs.Directory);
        File.WriteAllText(programs.Program, "of another version");

        programs.Unpack();

        Assert.Equal(["harper.mjs", "package-lock.json", "package.json"], Directory.GetFiles(programs.Directory).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(
            Directory.GetFiles(programs.Directory),
            file => Assert.Equal(File.ReadAllBytes(Path.Combine(RepositoryFiles.Root, "engines", "harper", Path.GetFileName(file))), File.ReadAllBytes(file)));
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(null, "/srv/warren", "/srv/warren/engines")]
    [InlineData("/opt/engines", "/srv/warren", "/opt/engines")]
    public void Whoever_grades_looks_where_they_are_installed(string? chosen, string? data, string? expected)
    {
        var options = new GradingOptions();
        var settings = new Dictionary<string, string?> { ["Warren:Grading:EnginesDirectory"] = chosen, ["Warren:Data"] = data };

        GradingSettings.Bind(options, new ConfigurationBuilder().AddInMemoryCollection(settings.Where(setting => setting.Value is not null)).Build());

        Assert.Equal(expected ?? Path.Combine(EnginesFolder.DefaultData, "engines"), options.EnginesDirectory);
        Assert.Equal(options.EnginesDirectory, EnginesFolder.Of(chosen, data));
    }

    [Fact]
    public void The_document_lists_every_part_with_its_package_and_the_command()
    {
        var page = RepositoryFiles.Read("docs/grading.md");
        var rows = page.Split("## Engines")[1].Split("\n## ")[0].Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal));

        Assert.Equal(
            from engine in Catalog().All
            from part in engine.Parts
            select $"| `{engine.InstallCommand}` | {part.Name} | {(part.Package is { } package ? $"`{package}`" : "npm")} | {engine.Purpose} | {engine.Without} |",
            rows);
    }

    [Theory]
    [InlineData("engines/README.md")]
    [InlineData("docs/grading-speaking.md")]
    public void Other_pages_name_the_same_packages_and_the_same_command(string page)
    {
        var text = RepositoryFiles.Read(page);
        var speech = Catalog().Speech;

        Assert.Contains($"`{speech.InstallCommand}`", text, StringComparison.Ordinal);
        Assert.All(speech.Parts.Select(part => part.Package), package => Assert.Contains($"`{package}`", text, StringComparison.Ordinal));
    }

    private EngineCatalog Catalog(string? searchPath = null) => new(
        searchPath is null ? new() : new() { SearchPath = searchPath, Python = "/none/python3", Model = "/none" },
        new(_empty.FullName) { SearchPath = searchPath });
}
