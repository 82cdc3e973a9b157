using System.Buffers;
using Microsoft.Extensions.Logging;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Connections;

/// <content>The methods of the connection itself, its end, and the alarms that hold it up.</content>
internal sealed partial class AmqpConnection
{
    // How long a client may take to say that it understood the end.
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource _forcedToClose = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends the connection from the broker's side, on any thread: what the client still sends is not heard.</summary>
    public void CloseBecause(ReplyCode code, string text)
    {
        _end ??= text;
        _isForcedToClose = true;
        Output.Write(0, new ConnectionClose(code, text, default));
        Output.Flush();
        _forcedToClose.TrySetResult();
    }

    /// <summary>Closes the open channels from the broker's side, or those that consume, on any thread; returns how many.</summary>
    public int CloseChannels(string reason, bool consumingOnly)
    {
        var channels = Host.Read(() => _channels.Values.Where(channel => !channel.IsClosing && (!consumingOnly || channel.ConsumerCount > 0)).ToArray());
        return channels.Count(channel => channel.CloseFromOutside(AmqpException.Channel(ReplyCode.PreconditionFailed, reason)));
    }

    private ValueTask HandleConnectionAsync(in Frame frame)
    {
        if (frame.Type != FrameType.Method)
            throw frame.Unexpected();
        var id = AmqpMethod.ReadId(Contiguous(frame), out var arguments);
        switch (id)
        {
            case MethodId.ConnectionClose:
                var close = AmqpMethod.Read<ConnectionClose>(arguments);
                _end ??= $"closed by the client: {(int)close.ReplyCode} {close.ReplyText}";
                return EndAsync();
            case MethodId.ConnectionCloseOk:
                _isOver = true;
                return ValueTask.CompletedTask;
            case MethodId.ConnectionUpdateSecret:
                Output.Write(0, new ConnectionUpdateSecretOk());
                Written();
                return ValueTask.CompletedTask;
            default:
                _failed = id;
                throw AmqpException.Connection(ReplyCode.ChannelError, "unexpected method in connection state running");
        }
    }

    private async ValueTask EndAsync()
    {
        _isOver = true;
        // What the client sees as done after close-ok is done: its acks, and its channels' messages are back.
        Leave("its connection was closed by the client");
        await WhenDurableAsync(Engine.Store?.AppendedLsn ?? 0);
        SettleConfirms();
        Output.Write(0, new ConnectionCloseOk());
        Written();
        EndBatch();
    }

    // Ends the channels and deletes the exclusive queues, which clients take for gone when they hear that the connection is over. What
    // fails for one channel does not keep the others in their queues.
    private void Leave(string reason)
    {
        foreach (var channel in _channels.Values)
            Attempt(() => channel.Close(reason));
        Attempt(() =>
        {
            using (Host.Enter(Flushes))
                Host.DeleteOwned(this);
        });
    }

    private void Attempt(Action end)
    {
        try
        {
            end();
        }
        catch (Exception error)
        {
            // The rest of the connection is still to be ended.
            Log.Failed(_logger, Session.Ends, error);
        }
    }

    private async ValueTask CloseBecauseAsync(AmqpException error, MethodId failed)
    {
        Log.ConnectionClosed(_logger, Session.Ends, error.Message);
        _isOver = true;
        _end ??= error.Message;
        SettleConfirms();
        Leave($"its connection is over: {error.Message}");
        Output.Write(0, new ConnectionClose(error.Code, error.Message, failed));
        Written();
        EndBatch();
        await DrainAsync();
    }

    // Reads on until the client says close-ok, closes or takes too long: closing the socket at once could take the reason from it.
    private async Task DrainAsync()
    {
        using var patience = new CancellationTokenSource(CloseTimeout, Engine.Clock.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _transport.ConnectionClosed);
        try
        {
            while (true)
            {
                var result = await _input.ReadAsync(either.Token);
                var buffer = result.Buffer;
                var end = EndIn(ref buffer);
                _input.AdvanceTo(buffer.Start, buffer.End);
                if (end == MethodId.ConnectionClose)
                {
                    Tell(new ConnectionCloseOk());
                }

                if (end is not null || result.IsCompleted)
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            Log.NoCloseOk(_logger, Session.Ends);
        }
    }

    private MethodId? EndIn(ref ReadOnlySequence<byte> buffer)
    {
        try
        {
            while (FrameReader.TryRead(ref buffer, Session.FrameMax, out var frame))
            {
                if (frame is { Channel: 0, Type: FrameType.Method } &&
                    AmqpMethod.ReadId(Contiguous(frame), out _) is var id and (MethodId.ConnectionCloseOk or MethodId.ConnectionClose))
                {
                    return id;
                }
            }

            return null;
        }
        catch (AmqpException)
        {
            // It was told once that it cannot be understood.
            return MethodId.ConnectionCloseOk;
        }
    }

    // A client that does not read is not read from, or answers would gather without bound. That it takes some shows that it lives.
    private async ValueTask WhileUnreadAsync()
    {
        EndBatch();
        while (Output.Unread > MostUnread / 2 && !_isForcedToClose)
        {
            await await Task.WhenAny(Output.ProgressAsync(_transport.ConnectionClosed), _forcedToClose.Task);
            Session.Heartbeat.Received();
        }
    }

    // A publisher waits here while the log is behind.
    private async ValueTask WhileBehindAsync()
    {
        _hasPublished = false;
        if (Engine.Store is { IsCongested: true } store)
            await HoldUpAsync(store.WhenRoomAsync(_transport.ConnectionClosed).AsTask());
    }

    // Meanwhile it is not read from, so that it may well have sent a heartbeat. One that is to close is read from again, for its answer.
    private async Task HoldUpAsync(Task wait)
    {
        IsBlocked = true;
        Session.Heartbeat.Pause();
        try
        {
            await await Task.WhenAny(wait, _forcedToClose.Task);
        }
        finally
        {
            IsBlocked = false;
            Session.Heartbeat.Resume();
        }
    }

    /// <summary>Holds a publish, and with it the connection, up while an alarm stands; what came before it is done.</summary>
    public ValueTask WhileAlarmedAsync() => Engine.Alarms.IsRaised ? BlockAsync() : ValueTask.CompletedTask;

    private async ValueTask BlockAsync()
    {
        // A client that hears of it finds itself blocked in a snapshot, too.
        IsBlocked = true;
        if (Session.UnderstandsBlocked)
            Tell(new ConnectionBlocked(Engine.Alarms.Reason));
        EndBatch();
        await HoldUpAsync(Engine.Alarms.WhenClearedAsync(_transport.ConnectionClosed));
        if (Session.UnderstandsBlocked && !_isForcedToClose)
            Tell(new ConnectionUnblocked());
    }

    private void Tell<T>(in T method) where T : struct, IAmqpMethod<T>
    {
        Output.Write(0, method);
        Output.Flush();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Connection of {Peer} is lost: {Reason}")]
        public static partial void Lost(ILogger logger, ConnectionEnds peer, string reason);

        [LoggerMessage(LogLevel.Warning, "Connection of {Peer} is closed: {Reason}")]
        public static partial void ConnectionClosed(ILogger logger, ConnectionEnds peer, string reason);

        [LoggerMessage(LogLevel.Error, "Connection of {Peer} met an error of the broker")]
        public static partial void Failed(ILogger logger, ConnectionEnds peer, Exception error);

        [LoggerMessage("Channel {Channel} of {Peer} is closed: {Reason}")]
        public static partial void ChannelClosed(ILogger logger, LogLevel level, ConnectionEnds peer, ushort channel, string reason);

        [LoggerMessage(LogLevel.Debug, "{Peer} did not answer that its connection is closed")]
        public static partial void NoCloseOk(ILogger logger, ConnectionEnds peer);
    }
}
