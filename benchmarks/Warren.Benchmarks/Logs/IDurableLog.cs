namespace Warren.Benchmarks.Logs;

/// <summary>A way to keep messages on the disk: what <c>./bench storage</c> compares.</summary>
internal interface IDurableLog : IDisposable
{
    /// <summary>Stores that many messages, takes away as many as a call before stored, and returns when both survive a loss of power.</summary>
    void Commit(int messages);
}
