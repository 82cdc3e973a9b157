using Warren.Broker.Protocol;
using Warren.Broker.Queues;

namespace Warren.Broker.Connections;

/// <summary>What the messages of a connection take that have begun to come in and are not whole: a client may begin one on each channel, and end none.</summary>
internal sealed class UnfinishedContents(long limit, BodyMemory memory)
{
    private long _bytes;

    /// <summary>A content takes another number of bytes than before.</summary>
    /// <exception cref="AmqpException">506: together they take more than a connection may.</exception>
    public void Change(long before, long after)
    {
        _bytes += after - before;
        if (after > before)
            memory.Grow(after - before);
        else
            memory.Shrink(before - after);
        if (after > before && _bytes > limit)
        {
            throw AmqpException.Connection(
                ReplyCode.ResourceError, $"unfinished messages on the channels of the connection take {_bytes} bytes, and {limit} at most are taken");
        }
    }
}
