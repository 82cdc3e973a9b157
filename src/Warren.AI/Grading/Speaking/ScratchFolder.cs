namespace Warren.AI.Grading.Speaking;

/// <summary>A directory for the files of one attempt, gone with it; what a killed process left is removed by whoever makes the next.</summary>
/// <remarks>A recording is somebody's voice and must not outlive its grading. A file that is locked tells a folder in use from one that was left.</remarks>
internal sealed class ScratchFolder : IDisposable
{
    private const string Prefix = "warren-speech-";
    private const string LockName = "lock";

    private readonly FileStream _lock;

    private ScratchFolder(DirectoryInfo directory, FileStream held) => (Directory, _lock) = (directory, held);

    /// <summary>Where it is.</summary>
    public DirectoryInfo Directory { get; }

    /// <summary>Makes one, and removes those that nobody uses any more.</summary>
    /// <param name="parent">Where; the default is the directory for temporary files.</param>
    public static ScratchFolder Create(string? parent = null)
    {
        parent ??= Path.GetTempPath();
        foreach (var other in System.IO.Directory.EnumerateDirectories(parent, $"{Prefix}*"))
            RemoveIfLeft(other);

        // It gets its name once it is locked: by that name it can be found, and would be taken for one that was left.
        var name = Guid.NewGuid().ToString("N");
        var made = Path.Combine(parent, $"warren-new-{name}");
        if (OperatingSystem.IsWindows())
            System.IO.Directory.CreateDirectory(made);
        else
            System.IO.Directory.CreateDirectory(made, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var held = new FileStream(Path.Combine(made, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        var directory = new DirectoryInfo(Path.Combine(parent, Prefix + name));
        System.IO.Directory.Move(made, directory.FullName);
        return new(directory, held);
    }

    /// <summary>Removes it with all that is in it.</summary>
    public void Dispose()
    {
        Directory.Delete(recursive: true);
        _lock.Dispose();
    }

    private static void RemoveIfLeft(string directory)
    {
        try
        {
            using var held = new FileStream(Path.Combine(directory, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            System.IO.Directory.Delete(directory, recursive: true);
        }
        catch (Exception inUse) when (inUse is IOException or UnauthorizedAccessException)
        {
            // Somebody uses it, has just removed it, or is another user.
        }
    }
}
