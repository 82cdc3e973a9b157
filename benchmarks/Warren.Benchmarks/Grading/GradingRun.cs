using System.Diagnostics;
using Warren.AI.Grading;
using Warren.AI.Grading.Writing.Offline;

namespace Warren.Benchmarks.Grading;

/// <summary>What grading takes.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Rate">Essays a second.</param>
/// <param name="P50">The median of the time an essay took, in milliseconds.</param>
/// <param name="P99">Its 99th percentile.</param>
/// <param name="Memory">What the process kept, in MiB, at some points on the way: essays done, MiB.</param>
internal sealed record GradingRun(string What, double Rate, double P50, double P99, IReadOnlyList<(int Done, double MiB)> Memory)
{
    /// <summary>Grades on one thread, in C# alone, for some time.</summary>
    public static GradingRun OneCore(IReadOnlyList<WritingArgs> essays, TimeSpan time)
    {
        // Until all is compiled that is going to be.
        Grade(essays, time / 2);
        var took = Grade(essays, time);
        return Of("rules alone, one thread", took.Count / took.Sum(), [.. took.Select(seconds => seconds * 1000)], []);
    }

    /// <summary>A run of durations in milliseconds.</summary>
    public static GradingRun Of(string what, double rate, double[] took, IReadOnlyList<(int, double)> memory)
    {
        Array.Sort(took);
        return new(what, rate, took[took.Length / 2], took[(int)(took.Length * 0.99)], memory);
    }

    private static List<double> Grade(IReadOnlyList<WritingArgs> essays, TimeSpan time)
    {
        var took = new List<double>();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; Stopwatch.GetElapsedTime(start) < time; i++)
        {
            var began = Stopwatch.GetTimestamp();
            OfflineWritingGrader.Grade(essays[i % essays.Count], lints: null, note: null);
            took.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        return took;
    }
}
