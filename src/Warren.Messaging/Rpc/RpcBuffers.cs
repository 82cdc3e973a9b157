using System.Collections.Concurrent;
using Warren.Messaging.Content;

namespace Warren.Messaging.Rpc;

/// <summary>Buffers for requests and replies, used again: each is needed only until the client has copied it into a frame.</summary>
internal static class RpcBuffers
{
    private const int Most = 64;
    private static readonly ConcurrentQueue<PooledBuffer> Idle = new();

    /// <summary>An empty buffer.</summary>
    public static PooledBuffer Rent() => Idle.TryDequeue(out var buffer) ? buffer : new PooledBuffer();

    /// <summary>Gives a buffer back.</summary>
    public static void Return(PooledBuffer buffer)
    {
        buffer.Clear();
        if (Idle.Count < Most)
            Idle.Enqueue(buffer);
    }
}
