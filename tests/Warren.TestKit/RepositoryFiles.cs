namespace Warren.TestKit;

/// <summary>The repository the tests were built from: documents, samples and scripts are tested as they stand there.</summary>
public static class RepositoryFiles
{
    /// <summary>The directory that holds <c>Warren.slnx</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The path of a file or directory that is named from the root, with forward slashes.</summary>
    public static string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>The text of a file that is named from the root, with forward slashes.</summary>
    public static string Read(string name) => File.ReadAllText(PathOf(name));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Warren.slnx")))
            directory = directory.Parent ?? throw new DirectoryNotFoundException($"There is no Warren.slnx above {AppContext.BaseDirectory}.");
        return directory.FullName;
    }
}
