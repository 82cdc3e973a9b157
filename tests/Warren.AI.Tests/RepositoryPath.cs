namespace Warren.AI.Tests;

/// <summary>Where the repository is.</summary>
internal static class RepositoryPath
{
    /// <summary>Its directory.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Warren.slnx")))
            directory = Path.GetDirectoryName(directory) ?? throw new DirectoryNotFoundException("No Warren.slnx stands above the tests.");
        return directory;
    }
}
