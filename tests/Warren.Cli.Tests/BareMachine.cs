namespace Warren.Cli.Tests;

/// <summary>A machine that has the .NET SDK, what every system has to count words, and no engine: a <c>PATH</c> and a directory of its own.</summary>
internal sealed class BareMachine : IDisposable
{
    private readonly DirectoryInfo _programs = Directory.CreateTempSubdirectory("warren-path-");

    /// <summary>Makes one.</summary>
    public BareMachine()
    {
        foreach (var program in (string[])["dotnet", "wc"])
            File.CreateSymbolicLink(Path.Combine(_programs.FullName, program), Find(program));
    }

    /// <summary>Where Warren keeps data there. Nothing is in it at first.</summary>
    public DirectoryInfo Data { get; } = Directory.CreateTempSubdirectory("warren-engines-");

    /// <summary>The variables of a program that runs there.</summary>
    public Dictionary<string, string?> Environment => new() { ["PATH"] = _programs.FullName, ["Warren__Data"] = Data.FullName };

    /// <inheritdoc/>
    public void Dispose()
    {
        Data.Delete(recursive: true);
        _programs.Delete(recursive: true);
    }

    private static string Find(string program) => (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).First(File.Exists);
}
