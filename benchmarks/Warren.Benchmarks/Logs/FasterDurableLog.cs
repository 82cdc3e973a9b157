using System.Buffers.Binary;
using FASTER.core;

namespace Warren.Benchmarks.Logs;

/// <summary>
/// FASTER's log: an entry for each message and each acknowledgement. It has no messages that die one by one, so it is cut behind the oldest that lives, which
/// suits it here because they die in order.
/// </summary>
internal sealed class FasterDurableLog : IDurableLog
{
    private readonly IDevice _device;
    private readonly FasterLog _log;
    private readonly byte[] _entry;
    private readonly byte[] _ack = new byte[17];
    private long _begin;
    private int _stored;
    private long _position;

    public FasterDurableLog(string directory, byte[] body)
    {
        _entry = new byte[16 + 32 + 64 + body.Length];
        _device = Devices.CreateLogDevice(Path.Combine(directory, "faster.log"));
        _log = new(new FasterLogSettings { LogDevice = _device, LogChecksum = LogChecksumType.PerEntry, SegmentSizeBits = 25, MemorySizeBits = 26, PageSizeBits = 22 });
        _begin = _log.BeginAddress;
    }

    public void Commit(int messages)
    {
        var begin = _log.TailAddress;
        for (var i = 0; i < messages; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(_entry, ++_position);
            _log.Enqueue(_entry);
        }
        for (var i = 0; i < _stored; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(_ack, _position - i);
            _log.Enqueue(_ack);
        }
        _stored = messages;
        _log.Commit(spinWait: true);
        // Files go by segments, so there is no use in cutting more often.
        if (begin - _begin > 1 << 26)
            _log.TruncateUntil(_begin = begin);
    }

    public void Dispose()
    {
        _log.Dispose();
        _device.Dispose();
    }
}
