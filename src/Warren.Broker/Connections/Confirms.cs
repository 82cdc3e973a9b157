using Warren.Broker.Diagnostics;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Connections;

/// <summary>The publisher confirms a channel owes: in the order of its publishes, each when the log has its message.</summary>
/// <remarks>
/// Publishes are added by the connection's read loop; what is due is written by it or by the log's writer thread, whichever comes
/// first. Since they go out in order, one ack stands for all that are due.
/// </remarks>
internal sealed class Confirms(ushort channel, OutputBuffer output, MessageCounts counts)
{
    private readonly Lock _gate = new();
    // The log position each waits for, the next tag first; a nack is due at once.
    private readonly Queue<Owed> _owed = new();
    private ulong _settled;
    private bool _hasEnded;

    /// <summary>The highest log position any of them waits for.</summary>
    public long LastLsn { get; private set; }

    /// <summary>How many publishes are not confirmed yet.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _owed.Count;
        }
    }

    /// <summary>Owes a confirm for the next publish of the channel.</summary>
    public void Add(long lsn, bool refused)
    {
        lock (_gate)
        {
            if (_hasEnded)
                return;
            _owed.Enqueue(new(lsn, refused));
            LastLsn = Math.Max(LastLsn, lsn);
        }
    }

    /// <summary>Owes nothing any more and writes nothing more, since the channel is over.</summary>
    public void End()
    {
        lock (_gate)
        {
            _owed.Clear();
            _hasEnded = true;
        }
    }

    /// <summary>Writes what is due once the log is durable up to a position; true when something was written.</summary>
    public bool Settle(long durableLsn) => Settle(durableLsn, failed: false);

    /// <summary>Nacks what waits for log positions that could not be made durable.</summary>
    public bool Fail(long failedLsn) => Settle(failedLsn, failed: true);

    private bool Settle(long lsn, bool failed)
    {
        lock (_gate)
        {
            var written = false;
            while (_owed.TryPeek(out var first) && first.Lsn <= lsn)
            {
                var nack = failed || first.IsRefused;
                var before = _settled;
                while (_owed.TryPeek(out var next) && next.Lsn <= lsn && (failed || next.IsRefused) == nack)
                {
                    _owed.Dequeue();
                    _settled++;
                }

                var multiple = _settled - before > 1;
                if (nack)
                    output.Write(channel, new BasicNack(_settled, Multiple: true, Requeue: true));
                else
                    output.Write(channel, new BasicAck(_settled, multiple));
                counts.Settle((long)(_settled - before), nack);
                written = true;
            }

            return written;
        }
    }

    private readonly record struct Owed(long Lsn, bool IsRefused);
}
