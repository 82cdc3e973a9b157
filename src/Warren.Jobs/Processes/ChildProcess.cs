using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Warren.Jobs.Processes;

/// <summary>
/// A process that is started, signaled and killed together with everything it starts itself. It leads a session of its own, made by
/// <c>setsid</c>, because a process that .NET has started can no longer be moved into a group: <c>setpgid</c> is refused after exec.
/// Where there is no <c>setsid</c>, as on macOS and Windows, it is killed with the tree of its children as the system knows it.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    /// <summary>Asks to end.</summary>
    public const int Terminate = 15;

    private const int Kill = 9;
    private static readonly string? SetSid = FindSetSid();

    private readonly Process _process;
    private readonly bool _leads;

    private ChildProcess(Process process, bool leads)
    {
        _process = process;
        _leads = leads;
        Id = process.Id;
        // Taken now: the process object gives them no more once it is disposed, which may be while somebody is about to write.
        Input = process.StandardInput.BaseStream;
        Output = process.StandardOutput.BaseStream;
        Errors = process.StandardError.BaseStream;
        Exited = process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Its id, which is that of its session and group too.</summary>
    public int Id { get; }

    /// <summary>Ends when the process has, whatever else still holds its pipes.</summary>
    public Task Exited { get; }

    /// <summary>What it reads.</summary>
    public Stream Input { get; }

    /// <summary>What it writes.</summary>
    public Stream Output { get; }

    /// <summary>What it complains of.</summary>
    public Stream Errors { get; }

    /// <summary>Its exit code once it has ended; 128 and the signal's number if a signal ended it.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts a program.</summary>
    /// <param name="program">The full path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="workingDirectory">The directory it runs in.</param>
    /// <param name="environment">All the variables it has.</param>
    /// <exception cref="Win32Exception">The system did not start it.</exception>
    public static ChildProcess Start(
        string program, IEnumerable<string> arguments, string workingDirectory, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(SetSid ?? program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
            WorkingDirectory = workingDirectory,
        };
        if (SetSid is not null)
            start.ArgumentList.Add(program);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new ChildProcess(Process.Start(start)!, SetSid is not null);
    }

    /// <summary>Lets it see the end of its input.</summary>
    public void CloseInput()
    {
        try
        {
            Input.Dispose();
        }
        catch (IOException)
        {
            // It has closed its end already.
        }
    }

    /// <summary>Sends a signal to the process and everything in its group. Nothing happens if they have ended.</summary>
    public void Signal(int signal)
    {
        if (!OperatingSystem.IsWindows())
            Send(signal);
        else if (signal == Kill)
            KillAll();
    }

    /// <summary>Kills the process and all that it has started, also what outlived it; what left its session on purpose escapes.</summary>
    public void KillAll()
    {
        if (!_leads)
        {
            KillTree();
            return;
        }
        Send(Kill);
        // A shell with job control puts its children in groups of their own, which are still in the session. What is killed may have
        // forked a moment before, so it is looked at until there is nothing.
        for (var look = 0; look < 10; look++)
        {
            var alive = ProcessTable.Read().Where(entry => entry.Session == Id && !entry.IsZombie && entry.Id != Id).ToList();
            if (alive.Count == 0)
                break;
            foreach (var entry in alive)
                _ = Native.Kill(entry.Id, Kill);
        }
    }

    /// <summary>How it ended, for messages.</summary>
    public string DescribeExit() => ExitCode switch
    {
        > 128 and < 193 => $"exit code {ExitCode}, which is signal {ExitCode - 128}{SignalName(ExitCode - 128)}",
        _ => $"exit code {ExitCode}",
    };

    /// <summary>Closes the pipes. The process is not ended by it.</summary>
    public void Dispose()
    {
        CloseInput();
        Output.Dispose();
        Errors.Dispose();
        _process.Dispose();
    }

    private void Send(int signal)
    {
        // Right after its start the process may not lead its group yet; then the signal is for itself.
        if ((!_leads || Native.Kill(-Id, signal) != 0) && !Exited.IsCompleted)
            _ = Native.Kill(Id, signal);
    }

    private void KillTree()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended already, or one of its children ended while they were counted.
        }
    }

    private static string SignalName(int signal) => signal switch
    {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL; the system does this when memory runs out)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    };

    private static string? FindSetSid() =>
        OperatingSystem.IsLinux()
            ? Executable.Find("setsid", "/", $"{Environment.GetEnvironmentVariable("PATH")}:/usr/bin:/bin", out _)
            : null;

    private static class Native
    {
        [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern int Kill(int process, int signal);
    }
}
