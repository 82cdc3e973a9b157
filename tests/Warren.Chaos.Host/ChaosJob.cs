using Warren.Jobs;

namespace Warren.Chaos.Host;

/// <summary>The job of the faults' tests: it takes its time, in steps, and says what it was.</summary>
/// <param name="Number">The job's number in its round.</param>
/// <param name="Steps">How many steps it has.</param>
/// <param name="StepMs">How long each step takes.</param>
/// <param name="FailFirst">Whether its first attempt fails half-way.</param>
public sealed record ChaosArgs(int Number, int Steps, int StepMs, bool FailFirst);

/// <summary>What the job ends with.</summary>
/// <param name="Number">The job's number.</param>
/// <param name="Attempt">The attempt that did it.</param>
/// <param name="Run">The run of the handler, unique over all processes.</param>
public sealed record ChaosResult(int Number, int Attempt, string Run);

/// <summary>The kind.</summary>
public static class ChaosKind
{
    public static readonly JobKind<ChaosArgs, ChaosResult> Work = new("chaos.work");
}

/// <summary>A line that a worker writes down when a handler begins and ends; it outlives the process.</summary>
/// <param name="Run">The run of the handler.</param>
/// <param name="Job">The job.</param>
/// <param name="Attempt">The attempt.</param>
/// <param name="At">The machine's monotonic clock, which all its processes share, in seconds.</param>
/// <param name="What"><c>begin</c>, <c>returned</c>, <c>stopped</c> or <c>threw</c>.</param>
/// <param name="Process">The process.</param>
public sealed record HistoryLine(string Run, Guid Job, int Attempt, double At, string What, int Process);
