namespace Warren.Broker.Connections;

/// <summary>The outputs that were written to in a batch of work, each once, to be flushed when no lock is held.</summary>
internal sealed class FlushList
{
    private readonly HashSet<OutputBuffer> _outputs = [];
    private OutputBuffer? _last;

    /// <summary>Adds an output.</summary>
    public void Add(OutputBuffer output)
    {
        // Runs of deliveries go to one connection.
        if (output == _last)
            return;
        _last = output;
        _outputs.Add(output);
    }

    /// <summary>Sends what was written, and forgets the outputs.</summary>
    public void Flush()
    {
        if (_last is null)
            return;
        foreach (var output in _outputs)
            output.Flush();
        _outputs.Clear();
        _last = null;
    }
}
