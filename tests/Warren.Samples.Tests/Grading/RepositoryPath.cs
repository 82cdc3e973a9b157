namespace Warren.Samples.Tests.Grading;

/// <summary>Where files of the repository are.</summary>
internal static class RepositoryPath
{
    /// <summary>The path of a file or directory, which is given from the repository's root.</summary>
    public static string Of(string relative)
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Warren.slnx")))
            directory = directory.Parent ?? throw new InvalidOperationException("Warren.slnx was not found above the tests.");
        return Path.Combine(directory.FullName, relative);
    }
}
