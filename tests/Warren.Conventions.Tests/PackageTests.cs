using System.Diagnostics;
using System.IO.Compression;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Warren.Conventions.Tests;

/// <summary>What is packed can be installed, read about and used.</summary>
public sealed class PackageTests : IDisposable
{
    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;

    // Unlike any version in a cache of packages.
    private readonly string _version = $"0.0.1-check.{Guid.NewGuid():N}";
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-package-");

    public static TheoryData<string> Packages => [.. Repository.Packages];

    [Theory]
    [MemberData(nameof(Packages))]
    public async Task A_package_says_what_it_is_and_brings_its_symbols(string package)
    {
        await PackAsync(package);
        using var nupkg = Open(package, "nupkg");
        using var snupkg = Open(package, "snupkg");
        var files = nupkg.Entries.Select(entry => entry.FullName).ToList();
        var metadata = Metadata(nupkg, package);

        Assert.Contains($"lib/net10.0/{package}.dll", files);
        Assert.Contains($"lib/net10.0/{package}.xml", files);
        Assert.Contains($"lib/net10.0/{package}.pdb", snupkg.Entries.Select(entry => entry.FullName));
        Assert.Equal("README.md", metadata("readme"));
        Assert.Contains("README.md", files);
        Assert.Equal("Apache-2.0", metadata("license"));
        Assert.True(metadata("description").Length is > 20 and < 300, $"The description is \"{metadata("description")}\".");
        Assert.Contains("rabbitmq", metadata("tags"), StringComparison.Ordinal);
        Assert.Equal("The Warren authors", metadata("authors"));
    }

    [Fact]
    public async Task A_packed_Messaging_compiles_the_quick_start_in_a_fresh_project()
    {
        await PackAsync("Warren.Messaging");
        var project = _directory.CreateSubdirectory("app");
        // Warren comes from the packed file, all else from the packages that building this repository has brought already: nothing is
        // downloaded, and no cache learns of this version.
        await WriteAsync(project, "App.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <UseAppHost>false</UseAppHost>
                <RestoreSources>{_directory.FullName}</RestoreSources>
                <RestorePackagesPath>{Path.Combine(_directory.FullName, "packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{GlobalPackages()}</RestoreFallbackFolders>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Warren.Messaging" Version="{_version}" />
              </ItemGroup>
            </Project>
            """);
        await WriteAsync(project, "Program.cs", """
            using Warren.Messaging;

            await using var bus = await MessageBus.ConnectAsync("amqp://guest:guest@localhost/");
            await using var sub = await bus.SubscribeAsync("matching.user_events", "user.events", "user.created",
                async (UserCreated user, CancellationToken ct) => await Console.Out.WriteLineAsync($"welcome {user.Name}"));
            await bus.PublishAsync("user.events", "user.created", new UserCreated(42, "ada"));

            await using var server = await bus.RespondAsync("user.profile.get",
                async (GetProfile request, CancellationToken ct) => { await Task.Yield(); return new Profile(request.UserId, "ada"); });
            var profile = await bus.RequestAsync<GetProfile, Profile>("user.profile.get", new(42), TimeSpan.FromSeconds(2));
            return profile.Name == "ada" ? 0 : 1;

            public record UserCreated(int Id, string Name);
            public record GetProfile(int UserId);
            public record Profile(int UserId, string Name);
            """);

        await DotnetAsync(project, "build", "--nologo", "--verbosity", "quiet");

        Assert.True(File.Exists(Path.Combine(project.FullName, "bin", "Debug", "net10.0", "Warren.Messaging.dll")));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public async Task A_package_asks_for_no_more_than_its_project_does(string package)
    {
        await PackAsync(package);
        using var nupkg = Open(package, "nupkg");
        var asked = Nuspec(nupkg, package).Descendants().Where(element => element.Name.LocalName == "dependency")
            .Select(element => element.Attribute("id")!.Value).ToList();
        var project = Repository.Projects("src").Single(candidate => candidate.Name == package).Path;
        var lockFile = Repository.Read(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json"));

        Assert.Equal(Repository.Xml(project).Descendants().Any(element => element.Name.LocalName is "PackageReference" or "ProjectReference"), asked.Count > 0);
        // The lock file writes the projects of this repository in lower case.
        Assert.All(asked, dependency => Assert.Contains($"\"{dependency}\"", lockFile, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(asked, dependency => Regex.IsMatch(dependency, "Analyzers|xunit|TestKit"));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    // What this test was built with is built already.
    private Task PackAsync(string package) => DotnetAsync(
        new DirectoryInfo(Repository.Root), "pack", Repository.Projects("src").Single(project => project.Name == package).Path,
        "--no-build", "--configuration", Configuration, "--output", _directory.FullName, $"-p:PackageVersion={_version}", "--nologo", "--verbosity", "quiet");

    private ZipArchive Open(string package, string extension) =>
        ZipFile.OpenRead(Path.Combine(_directory.FullName, $"{package}.{_version}.{extension}"));

    private static XDocument Nuspec(ZipArchive nupkg, string package)
    {
        using var stream = nupkg.GetEntry($"{package}.nuspec")!.Open();
        return XDocument.Load(stream);
    }

    private static Func<string, string> Metadata(ZipArchive nupkg, string package)
    {
        var nuspec = Nuspec(nupkg, package);
        return name => nuspec.Descendants().FirstOrDefault(element => element.Name.LocalName == name)?.Value ?? "";
    }

    private static string GlobalPackages() => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static Task WriteAsync(DirectoryInfo directory, string name, string text) => File.WriteAllTextAsync(Path.Combine(directory.FullName, name), text);

    private static async Task DotnetAsync(DirectoryInfo directory, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
        {
            WorkingDirectory = directory.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // No server of the compiler outlives the test, and a CI's own rules for restoring are not meant for a fresh project.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        // dotnet test has set these for its own work.
        start.Environment.Remove("MSBuildSDKsPath");
        start.Environment.Remove("MSBUILD_EXE_PATH");
        start.Environment.Remove("MSBuildExtensionsPath");
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3), TimeProvider.System);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var errors = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output}{await errors}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
