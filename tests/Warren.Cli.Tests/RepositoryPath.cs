namespace Warren.Cli.Tests;

/// <summary>Where the repository is.</summary>
internal static class RepositoryPath
{
    /// <summary>Its directory.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Warren.slnx")))
            directory = directory.Parent ?? throw new InvalidOperationException("Warren.slnx was not found above the tests.");
        return directory.FullName;
    }
}
