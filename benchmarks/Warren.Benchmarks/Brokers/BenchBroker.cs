namespace Warren.Benchmarks.Brokers;

/// <summary>A broker that is measured.</summary>
/// <param name="Url">Where it is.</param>
/// <param name="ProcessId">The id of its process, whose meters are read; 0 when it is elsewhere or nobody wants to know.</param>
internal sealed record BenchBroker(string Url, int ProcessId);
