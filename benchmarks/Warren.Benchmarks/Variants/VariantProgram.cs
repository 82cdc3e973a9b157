using System.Diagnostics;
using System.Text.Json;

namespace Warren.Benchmarks.Variants;

/// <summary>A program that runs variants, each in a process of its own so that compiled code and heap never leak between them.</summary>
/// <param name="assembly">Its assembly file.</param>
internal sealed class VariantProgram(string assembly)
{
    /// <summary>The variants it can run.</summary>
    public Task<VariantDescription[]> ListAsync(CancellationToken cancellationToken) =>
        CallAsync<VariantDescription[]>(VariantProtocol.ListVerb, job: null, TimeSpan.FromMinutes(1), cancellationToken);

    /// <summary>Fills the queue of a job.</summary>
    public Task<VariantReport> FillAsync(VariantJob job, CancellationToken cancellationToken) =>
        CallAsync<VariantReport>(VariantProtocol.FillVerb, job, TimeSpan.FromMinutes(5), cancellationToken);

    /// <summary>Runs a job.</summary>
    public Task<VariantReport> RunAsync(VariantJob job, CancellationToken cancellationToken) =>
        CallAsync<VariantReport>(
            VariantProtocol.RunVerb, job, job.WarmUp + job.Measured + TimeSpan.FromMinutes(5), cancellationToken);

    private async Task<T> CallAsync<T>(string verb, VariantJob? job, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, TimeProvider.System);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [assembly, verb])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start) ?? throw new VariantFailedException($"{start.FileName} did not start.");
        try
        {
            if (job is not null)
                await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(job, VariantProtocol.Json).AsMemory(), ending.Token);
            process.StandardInput.Close();
            var answer = process.StandardOutput.ReadToEndAsync(ending.Token);
            var errors = process.StandardError.ReadToEndAsync(ending.Token);
            await process.WaitForExitAsync(ending.Token);
            if (process.ExitCode != 0)
                throw new VariantFailedException($"{Name(job)} ended with exit code {process.ExitCode}: {(await errors).Trim()}");
            return JsonSerializer.Deserialize<T>(await answer, VariantProtocol.Json)
                ?? throw new VariantFailedException($"{Name(job)} answered null.");
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            throw new VariantFailedException($"{Name(job)} did not end within {limit.TotalSeconds:0} s.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private string Name(VariantJob? job) =>
        job is null ? Path.GetFileName(assembly) : $"{job.Work} {job.Library} {job.Variant} ({job.QueueKind}, {job.Size} bytes)";
}
