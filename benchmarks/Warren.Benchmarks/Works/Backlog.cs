using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Works;

/// <summary>Counts the messages of a backlog, reading the meters after the warm-up and at the last one.</summary>
internal sealed class Backlog(int warmUp, int total)
{
    private readonly Counter _handled = new();
    private readonly TaskCompletionSource<Sample> _measured = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MeterReading _start;

    /// <summary>How many messages were handled.</summary>
    public long Handled => _handled.Value;

    /// <summary>How many there are.</summary>
    public int Total => total;

    /// <summary>The measurement, when the last message was handled.</summary>
    public Task<Sample> Measured => _measured.Task;

    /// <summary>Counts one message. True for the last one.</summary>
    public bool OnHandled()
    {
        var handled = _handled.Add(1);
        if (handled == warmUp)
            _start = MeterReading.Take(handled);
        if (handled < total)
            return false;
        _measured.TrySetResult(_start.Until(MeterReading.Take(handled)));
        return true;
    }
}
