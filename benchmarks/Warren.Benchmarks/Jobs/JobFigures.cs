namespace Warren.Benchmarks.Jobs;

/// <summary>What one run measured.</summary>
/// <param name="System">warren or celery.</param>
/// <param name="Broker">The broker.</param>
/// <param name="Store">Where results are.</param>
/// <param name="Rate">Jobs a second from submit to success, with many under way.</param>
/// <param name="P50">Milliseconds from submit to success, one after the other.</param>
/// <param name="P99">Likewise.</param>
/// <param name="Cpu">Processor time a job, by process, to be shown behind the rest; the store's server is not in it.</param>
internal sealed record JobFigures(string System, string Broker, string Store, double Rate, double P50, double P99, string Cpu = "");

/// <summary>How much is run.</summary>
internal sealed record JobBenchOptions(int Rounds, int Jobs, int CeleryJobs, int Window, int PacedJobs, int PacedRate, int Concurrency);
