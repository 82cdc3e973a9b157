using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.AI.Engines;
using Warren.Jobs;
using Warren.Jobs.Processes;

namespace Warren.AI.Grading.Speaking;

/// <summary>Runs <c>engines/speech/speech.py</c>, a process for each task: what a decoder has heard before has a part in what it hears next.</summary>
internal sealed class SpeechEngine(SpeechPrograms programs, TimeProvider time, ILogger<ProcessEngine> logger)
{
    private const string Script = "speech.py";

    /// <summary>Does one task; whoever asks has looked whether the programs are there.</summary>
    /// <typeparam name="TArgs">What the script is given.</typeparam>
    /// <typeparam name="TResult">What it ends with.</typeparam>
    /// <exception cref="JobFailedException">What the script fails with, or a fault of the process.</exception>
    public async Task<TResult> RunAsync<TArgs, TResult>(TArgs args, JobContext job, CancellationToken cancellationToken)
    {
        using var scratch = ScratchFolder.Create();
        var script = Path.Combine(scratch.Directory.FullName, Script);
        await WriteScriptAsync(script, cancellationToken);
        await using var engine = new ProcessEngine(job.Kind, Options(script, scratch.Directory), time, logger);
        var result = await engine.RunAsync(JsonSerializer.SerializeToElement(args, JobJson.Options), job, cancellationToken);
        return result.Deserialize<TResult>(JobJson.Options)!;
    }

    private ProcessEngineOptions Options(string script, DirectoryInfo directory) => new()
    {
        Command = programs.PythonCommand(script),
        Mode = ProcessMode.PerJob,
        WorkingDirectory = directory.FullName,
        Environment = new Dictionary<string, string> { ["TMPDIR"] = directory.FullName },
        CancelGrace = TimeSpan.FromSeconds(2),
        GracePeriod = TimeSpan.FromSeconds(2),
    };

    private static async Task WriteScriptAsync(string path, CancellationToken cancellationToken)
    {
        await using var source = Assembly.GetExecutingAssembly().GetManifestResourceStream(Script)
            ?? throw new InvalidOperationException($"The assembly has no resource {Script}.");
        await using var file = File.Create(path);
        await source.CopyToAsync(file, cancellationToken);
    }
}
