using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Works;

/// <summary>Counts the messages of a backlog, reading the meters after the warm-up and at the last one.</summary>
internal sealed class Backlog(VariantJob job)
{
    // In proportion to the time.
    private readonly int _warmUp = (int)(job.Messages * job.WarmUpSeconds / (job.WarmUpSeconds + job.Seconds));
    private readonly Counter _handled = new();
    private readonly TaskCompletionSource<Sample> _measured = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MeterReading _start;

    /// <summary>How many messages were handled.</summary>
    public long Handled => _handled.Value;

    /// <summary>How many there are.</summary>
    public int Total => job.Messages;

    /// <summary>The measurement, when the last message was handled.</summary>
    public Task<Sample> Measured => _measured.Task;

    /// <summary>Counts one message. True for the last one.</summary>
    public bool OnHandled()
    {
        var handled = _handled.Add(1);
        if (handled == _warmUp)
            _start = MeterReading.Take(handled, job.BrokerProcess);
        if (handled < Total)
            return false;
        _measured.TrySetResult(_start.Until(MeterReading.Take(handled, job.BrokerProcess)));
        return true;
    }
}
