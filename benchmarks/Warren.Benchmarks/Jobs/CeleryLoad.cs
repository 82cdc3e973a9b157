using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Jobs;

/// <summary>The same jobs as tasks of Celery: prefork with two processes, results over <c>rpc://</c>, on RabbitMQ.</summary>
internal static class CeleryLoad
{
    private const string Python = "/usr/bin/python3";

    /// <summary>Runs it once.</summary>
    public static async Task<JobFigures> MeasureAsync(string url, string directory, JobBenchOptions options, CancellationToken cancellationToken)
    {
        var broker = url.EndsWith('/') ? url + "/" : url;
        await using var worker = ChildProcess.Start(
            Python, ["-m", "celery", "--app", "noop", "worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "ERROR", "--without-gossip", "--without-mingle"],
            directory, ("CELERY_BROKER", broker), ("PYTHONDONTWRITEBYTECODE", "1"));
        var numbers = new[] { options.CeleryJobs, options.Window, options.PacedJobs, options.PacedRate }.Select(number => number.ToString(CultureInfo.InvariantCulture));
        var start = new ProcessStartInfo(Python, ["noop.py", .. numbers]) { WorkingDirectory = directory, RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["CELERY_BROKER"] = broker;
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using var client = Process.Start(start) ?? throw new VariantFailedException($"{Python} did not start.");
        var line = await client.StandardOutput.ReadLineAsync(cancellationToken);
        await client.WaitForExitAsync(cancellationToken);
        if (line is null)
            throw new VariantFailedException("Celery's client ended without a figure; is python3-celery installed?");
        using var figures = JsonDocument.Parse(line);
        var root = figures.RootElement;
        return new("celery", "RabbitMQ", "rpc://", root.GetProperty("rate").GetDouble(), root.GetProperty("p50").GetDouble(), root.GetProperty("p99").GetDouble());
    }
}
