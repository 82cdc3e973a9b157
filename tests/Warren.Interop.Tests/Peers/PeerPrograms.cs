using System.Diagnostics;
using Warren.TestKit;

namespace Warren.Interop.Tests.Peers;

/// <summary>Where the peers of <c>tests/interop</c> are and what runs them; a test is skipped, or failed on CI, when that is missing.</summary>
internal static class PeerPrograms
{
    private static readonly Lazy<Task<string?>> Python = new(() => PythonMissesAsync("aio_pika", "pika"));
    private static readonly Lazy<Task<string?>> Celery = new(() => PythonMissesAsync("celery"));
    private static readonly Lazy<Task<string?>> Node = new(NodeMissesAsync);

    /// <summary>The program and the first arguments that start a peer.</summary>
    public static Task<(string Program, string Script)> CommandAsync(PeerKind kind) => kind switch
    {
        PeerKind.SharedClient => CommandAsync(PythonProgram, "python/aio_pika_peer.py", Python),
        PeerKind.Pika => CommandAsync(PythonProgram, "python/pika_peer.py", Python),
        PeerKind.Amqplib => CommandAsync("node", "node/peer.js", Node),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>The program and the first argument that run a script with pika.</summary>
    public static Task<(string Program, string Script)> CommandAsync(string script) => CommandAsync(PythonProgram, script, Python);

    /// <summary>The program and the first argument that run the scenarios of a client.</summary>
    public static Task<(string Program, string Script)> CommandAsync(ScenarioClient client) => client switch
    {
        ScenarioClient.AioPika => CommandAsync(PythonProgram, "python/aio_pika_scenarios.py", Python),
        ScenarioClient.Pika => CommandAsync(PythonProgram, "python/pika_scenarios.py", Python),
        ScenarioClient.Celery => CommandAsync(PythonProgram, "python/celery_scenarios.py", Celery),
        ScenarioClient.Amqplib => CommandAsync("node", "node/amqplib_scenarios.js", Node),
        ScenarioClient.Nest => CommandAsync("node", "node/nest_scenarios.js", Node),
        _ => throw new ArgumentOutOfRangeException(nameof(client), client, null),
    };

    private static async Task<(string Program, string Script)> CommandAsync(string program, string script, Lazy<Task<string?>> missing)
    {
        if (await missing.Value is { } reason)
            Services.Missing(reason);
        return (program, RepositoryFiles.PathOf($"tests/interop/{script}"));
    }

    // Debian's packages are seen by Debian's interpreter alone, and another one may come first on the PATH.
    private static string PythonProgram =>
        Environment.GetEnvironmentVariable("WARREN_TEST_PYTHON") ?? (File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3");

    private static async Task<string?> PythonMissesAsync(params string[] modules) =>
        await RunAsync(PythonProgram, RepositoryFiles.Root, "-c", $"import {string.Join(", ", modules)}") is { } error
            ? $"{PythonProgram} cannot import {string.Join(" and ", modules)}; ./test installs Debian's packages of them. {error}"
            : null;

    private static async Task<string?> NodeMissesAsync()
    {
        var directory = RepositoryFiles.PathOf("tests/interop/node");
        // npm writes this file last, and with the time of the lock file's reading.
        var installed = new FileInfo(Path.Combine(directory, "node_modules", ".package-lock.json"));
        if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(directory, "package-lock.json")))
            return null;
        return await RunAsync("npm", directory, "ci", "--ignore-scripts", "--no-audit", "--no-fund") is { } error
            ? $"npm ci in tests/interop/node failed; ./test installs nodejs and npm. {error}"
            : null;
    }

    /// <summary>Runs a program to its end; what it said if it failed or could not be started, else null.</summary>
    private static async Task<string?> RunAsync(string program, string directory, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = directory,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
            })!;
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? null : $"{program} ended with {process.ExitCode}: {await output}{await errors}";
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return $"{program}: {exception.Message}";
        }
    }
}
