namespace Warren.Jobs.Processes;

/// <summary>Finds the program that a command names, so that a missing one is told in words before anything is started.</summary>
internal static class Executable
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The full path of a program.</summary>
    /// <param name="command">A name, looked for on the path, or a path, relative to the working directory.</param>
    /// <param name="workingDirectory">The directory the program will run in.</param>
    /// <param name="path">The value of <c>PATH</c> that the program will have.</param>
    /// <param name="problem">Why there is none: what was found, and what was expected.</param>
    public static string? Find(string command, string workingDirectory, string? path, out string problem)
    {
        problem = "";
        if (command.Contains(Path.DirectorySeparatorChar) || Path.IsPathRooted(command))
        {
            var file = Path.GetFullPath(command, workingDirectory);
            if (Directory.Exists(file))
                problem = $"{file} is a directory; a program was expected.";
            else if (!File.Exists(file))
                problem = $"There is no file {file}.";
            else if (!MayRun(file))
                problem = $"{file} is not executable; 'chmod +x' makes it so, or name its interpreter first, as in 'python3 {command}'.";
            return problem.Length == 0 ? file : null;
        }

        foreach (var directory in (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var name in Names(command))
            {
                var file = Path.GetFullPath(Path.Combine(directory, name), workingDirectory);
                if (File.Exists(file) && MayRun(file))
                    return file;
            }
        }
        problem = $"No program of this name is on the PATH ({(string.IsNullOrEmpty(path) ? "which is empty" : path)}).";
        return null;
    }

    private static bool MayRun(string file) => OperatingSystem.IsWindows() || (File.GetUnixFileMode(file) & AnyExecute) != 0;

    private static IEnumerable<string> Names(string command) =>
        OperatingSystem.IsWindows() && !Path.HasExtension(command) ? [command + ".exe", command + ".cmd", command + ".bat"] : [command];
}
