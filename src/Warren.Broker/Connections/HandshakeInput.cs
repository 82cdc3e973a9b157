using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Connections;

/// <summary>What a client sends before its connection is open: one method at a time, and no byte more is taken than it has.</summary>
internal sealed class HandshakeInput(PipeReader pipe)
{
    /// <summary>The largest frame that is taken; RabbitMQ grants a stranger the smallest there is.</summary>
    public int FrameMax { get; set; } = Frame.MinimumMaxSize;

    /// <summary>True once a byte came; what ends before that is a look whether the port is open.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>The method that was received last; null when the last frame was none.</summary>
    public MethodId? Method { get; private set; }

    /// <summary>Reads the protocol header; false when it is of another protocol.</summary>
    /// <exception cref="ConnectionAbortedException">The client hung up.</exception>
    public async Task<bool> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await pipe.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            HasBegun |= !buffer.IsEmpty;
            var decided = ProtocolHeader.TryRead(ref buffer, out var supported);
            pipe.AdvanceTo(buffer.Start, decided ? buffer.Start : buffer.End);
            if (decided)
                return supported;
            ThrowIfEnded(result);
        }
    }

    /// <summary>Reads the next method, which must be this one.</summary>
    /// <exception cref="AmqpException">Another method or no method came, or it cannot be read.</exception>
    /// <exception cref="ConnectionAbortedException">The client hung up.</exception>
    public async Task<T> ReadAsync<T>(HandshakeStage stage, CancellationToken cancellationToken)
        where T : struct, IAmqpMethod<T>
    {
        while (true)
        {
            var (id, arguments) = await ReadMethodAsync(cancellationToken);
            if (id is null)
                continue;
            return id == T.Id
                ? AmqpMethod.Read<T>(arguments)
                : throw AmqpException.Connection(ReplyCode.ChannelError, $"unexpected method in connection state {stage.ToString().ToLowerInvariant()}");
        }
    }

    /// <summary>Reads the next frame: a method and its arguments, or null for a heartbeat.</summary>
    public async Task<(MethodId? Method, byte[] Arguments)> ReadMethodAsync(CancellationToken cancellationToken)
    {
        Method = null;
        while (true)
        {
            var result = await pipe.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            var whole = false;
            try
            {
                whole = FrameReader.TryRead(ref buffer, FrameMax, out var frame);
                if (whole)
                    return Take(frame);
            }
            finally
            {
                // What was read of the next frame stays unexamined, so that whoever reads on gets it at once.
                pipe.AdvanceTo(buffer.Start, whole ? buffer.Start : buffer.End);
            }

            ThrowIfEnded(result);
        }
    }

    private (MethodId? Method, byte[] Arguments) Take(in Frame frame)
    {
        if (frame is { Type: FrameType.Heartbeat, Channel: 0 })
            return (null, []);
        if (frame is not { Type: FrameType.Method, Channel: 0 })
            throw frame.Unexpected();
        Method = AmqpMethod.ReadId(frame.Payload.ToArray(), out var arguments);
        return (Method, arguments.ToArray());
    }

    private static void ThrowIfEnded(ReadResult result)
    {
        if (result.IsCompleted)
            throw new ConnectionAbortedException("The client closed the connection before it was open.");
    }
}
