using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Storage;

namespace Warren.Broker.Connections;

/// <summary>An open connection: reads frames, gives them to their channels, and sends what they answer.</summary>
/// <remarks>
/// The read loop takes all the input there is, executes it command by command, and then flushes every output that was written
/// to, its own and those of consumers elsewhere: one send for many frames. A command that must wait for the log holds up its
/// connection alone. A publisher is not read from while the disk is behind or an alarm stands, which TCP carries back to it.
/// </remarks>
internal sealed partial class AmqpConnection : ICommitListener
{
    // What may wait for a client that asks and does not read the answers. More than is ever delivered to it unasked.
    private const long MostUnread = 2 * 1024 * 1024;

    private readonly ConnectionContext _transport;
    private readonly PipeReader _input;
    private readonly ILogger _logger;
    private readonly Dictionary<ushort, AmqpChannel> _channels = [];
    private AmqpChannel? _lastChannel;
    private byte[] _scratch = [];
    private bool _hasPublished;
    private int _resuming;
    private bool _isOver;
    private volatile bool _isForcedToClose;
    private MethodId _failed;
    // Who ends it and why, as far as somebody knows: the first word counts.
    private volatile string? _end;

    public AmqpConnection(ConnectionContext transport, Session session, VirtualHost host, Engine engine)
    {
        _transport = transport;
        _input = transport.Transport.Input;
        _logger = engine.LoggerFor<AmqpConnection>();
        Session = session;
        Engine = engine;
        Host = host;
        Authority = new(session.User, host.Name);
        Unfinished = new((2L * engine.Options.MaxMessageSize) + engine.Options.FrameMax, engine.Memory);
        Output = new(transport.Transport.Output, session.FrameMax, ResumeSoon);
    }

    /// <summary>Who opened it, and what was agreed.</summary>
    public Session Session { get; }

    /// <summary>The broker.</summary>
    public Engine Engine { get; }

    /// <summary>The virtual host it works in.</summary>
    public VirtualHost Host { get; }

    /// <summary>What its user may do, for all its channels.</summary>
    public Authority Authority { get; }

    /// <summary>What its messages take that are not all here yet.</summary>
    public UnfinishedContents Unfinished { get; }

    /// <summary>What goes out.</summary>
    public OutputBuffer Output { get; }

    /// <summary>The outputs the current batch has written to.</summary>
    public FlushList Flushes { get; } = new();

    /// <summary>True while it is not read from, because it publishes and the broker cannot take more.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Bytes of the frames that were received.</summary>
    public long Received { get; private set; }

    /// <summary>How many channels it has, without a turn.</summary>
    public int ChannelCount => _channels.Count;

    /// <summary>Its channels, for the snapshot; in a turn of its virtual host.</summary>
    public IReadOnlyCollection<AmqpChannel> Channels => _channels.Values;

    /// <summary>Serves the connection until either side ends it.</summary>
    public async Task RunAsync()
    {
        // Whoever has heard that it is open finds it among those that are.
        Output.Write(0, new ConnectionOpenOk());
        Engine.Opened(this);
        if (Engine.FindHost(Host.Name) != Host)
            CloseBecause(ReplyCode.ConnectionForced, Host.DeletedText);
        Engine.Events.Listening?.Tell(
            new BrokerEvent.ConnectionOpened(Session.RemoteEndPoint, Session.Client.ConnectionName, Session.User.Name, Host.Name));
        Output.Flush();
        Session.Heartbeat.Start(() => Output.Written, SendHeartbeat);
        try
        {
            await ReadAsync();
        }
        catch (Exception error) when (error is IOException or ConnectionAbortedException or ConnectionResetException or OperationCanceledException)
        {
            _end ??= Session.Heartbeat.IsMissed ? "the client missed its heartbeats" : $"the connection is lost: {error.Message}";
            Log.Lost(_logger, Session.Ends, error.Message);
        }
        catch (Exception error)
        {
            // All other connections go on.
            _end ??= "an internal error";
            Log.Failed(_logger, Session.Ends, error);
        }
        finally
        {
            Engine.Closed(this);
            Output.Close();
            var end = _end ?? "the client hung up";
            Leave($"its connection is over: {end}");
            Flushes.Flush();
            Engine.Events.Listening?.Tell(
                new BrokerEvent.ConnectionClosed(Session.RemoteEndPoint, Session.Client.ConnectionName, Host.Name, end));
        }
    }

    /// <summary>Notes that something was written for this connection, to be sent with the batch.</summary>
    public void Written() => Flushes.Add(Output);

    /// <summary>Notes that the connection publishes: it then waits when the disk is behind.</summary>
    public void HasPublished() => _hasPublished = true;

    /// <summary>True when the log is durable up to a position; 0 always is.</summary>
    public bool IsDurable(long lsn) => lsn == 0 || Engine.Store is not { } store || store.DurableLsn >= lsn;

    /// <summary>Sends what the batch has written so far, and waits until the log is durable up to a position.</summary>
    public async ValueTask WhenDurableAsync(long lsn)
    {
        if (IsDurable(lsn))
            return;
        // It is not read from meanwhile, so that it may well have sent a heartbeat.
        Session.Heartbeat.Pause();
        try
        {
            EndBatch();
            await Engine.Store!.WaitAsync(lsn, _transport.ConnectionClosed);
        }
        finally
        {
            Session.Heartbeat.Resume();
        }
    }

    /// <summary>Drops the connection without a word, as a broken network does.</summary>
    public void Abort()
    {
        _end ??= "dropped by the fault switch";
        _transport.Abort();
    }

    private async Task ReadAsync()
    {
        while (!_isOver)
        {
            var result = await _input.ReadAsync(_transport.ConnectionClosed);
            var buffer = result.Buffer;
            var unread = buffer.Length;
            Session.Heartbeat.Received();
            try
            {
                while (!_isOver && FrameReader.TryRead(ref buffer, Session.FrameMax, out var frame))
                {
                    var handled = HandleAsync(frame);
                    if (!handled.IsCompletedSuccessfully)
                        await handled;
                    if (Output.Unread > MostUnread)
                        await WhileUnreadAsync();
                }
            }
            catch (AmqpException error)
            {
                // What follows what cannot be understood is not looked at, but for the end of the connection.
                _input.AdvanceTo(buffer.Start, buffer.End);
                await CloseBecauseAsync(error, _failed);
                return;
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // A fault of the broker's own ends the connection that met it, and no other.
                Log.Failed(_logger, Session.Ends, error);
                _input.AdvanceTo(buffer.Start, buffer.End);
                await CloseBecauseAsync(AmqpException.Connection(ReplyCode.InternalError, ""), default);
                return;
            }

            Received += unread - buffer.Length;
            _input.AdvanceTo(buffer.Start, buffer.End);
            EndBatch();
            if (result.IsCompleted)
                return;
            if (_hasPublished)
                await WhileBehindAsync();
        }

        await Output.FlushAsync();
    }

    private ValueTask HandleAsync(in Frame frame)
    {
        if (frame.Type == FrameType.Heartbeat)
            return frame.Channel == 0 ? ValueTask.CompletedTask : throw frame.Unexpected();
        if (frame.Channel == 0)
            return HandleConnectionAsync(frame);
        if (_isForcedToClose)
            return ValueTask.CompletedTask;
        if (_lastChannel?.Number == frame.Channel)
            return HandleChannelAsync(_lastChannel, frame);
        if (_channels.TryGetValue(frame.Channel, out var channel))
        {
            _lastChannel = channel;
            return HandleChannelAsync(channel, frame);
        }

        OpenChannel(frame);
        return ValueTask.CompletedTask;
    }

    private ValueTask HandleChannelAsync(AmqpChannel channel, in Frame frame)
    {
        var payload = Contiguous(frame);
        if (channel.IsClosing || (frame.Type == FrameType.Method && IsClose(payload)))
        {
            return EndChannelAsync(channel, frame.Type == FrameType.Method ? AmqpMethod.ReadId(payload, out _) : default);
        }

        try
        {
            var handled = channel.HandleAsync(frame, payload);
            return handled.IsCompletedSuccessfully ? handled : WaitAsync(channel, handled);
        }
        catch (AmqpException error)
        {
            Fail(channel, error);
            return ValueTask.CompletedTask;
        }
    }

    private async ValueTask WaitAsync(AmqpChannel channel, ValueTask handled)
    {
        try
        {
            await handled;
        }
        catch (AmqpException error)
        {
            Fail(channel, error);
        }
    }

    private void Fail(AmqpChannel channel, AmqpException error)
    {
        if (error.ClosesConnection)
        {
            _failed = error.NamesMethod ? channel.Executing : default;
            ExceptionDispatchInfo.Throw(error);
        }

        // Somebody else has closed it meanwhile.
        if (channel.IsClosing)
            return;
        // To look for what is not there is how clients find out; they do it all the time.
        Log.ChannelClosed(_logger, error.Code == ReplyCode.NotFound ? LogLevel.Debug : LogLevel.Warning, Session.Ends, channel.Number, error.Message);
        SettleConfirms();
        Forget(channel);
        channel.CloseBecause(error, channel.Executing);
    }

    private void OpenChannel(in Frame frame)
    {
        if (frame.Type != FrameType.Method)
            throw ContentHeader.MethodMissing();
        _failed = AmqpMethod.ReadId(Contiguous(frame), out _);
        if (_failed != MethodId.ChannelOpen)
            throw AmqpException.Connection(ReplyCode.ChannelError, "expected 'channel.open'");
        _failed = default;
        if (_channels.Count >= Session.ChannelMax)
        {
            throw AmqpException.Connection(
                ReplyCode.NotAllowed, $"number of channels opened ({_channels.Count}) has reached the negotiated channel_max ({Session.ChannelMax})");
        }

        var channel = new AmqpChannel(frame.Channel, this);
        _lastChannel = channel;
        using (Host.Enter(Flushes))
            _channels.Add(frame.Channel, channel);
        Engine.Events.Listening?.Tell(new BrokerEvent.ChannelOpened(Session.RemoteEndPoint, frame.Channel));
        Output.Write(frame.Channel, new ChannelOpenOk());
        Written();
    }

    private void SendHeartbeat()
    {
        Output.WriteHeartbeat();
        Output.Flush();
    }

    private static bool IsClose(ReadOnlySpan<byte> payload) =>
        AmqpMethod.ReadId(payload, out _) is MethodId.ChannelClose or MethodId.ChannelCloseOk;

    // A channel that was told to close hears only its own end; when both ends close it at once, each answers the other.
    private async ValueTask EndChannelAsync(AmqpChannel channel, MethodId id)
    {
        var isFirst = id == MethodId.ChannelClose && channel.TryEnd();
        channel.Close("closed by the client");
        if (id == MethodId.ChannelClose)
        {
            if (isFirst)
            {
                await WhenDurableAsync(channel.LastLsn);
                SettleConfirms();
                Forget(channel);
            }

            Output.WriteCloseOk(channel.Number);
            Written();
            if (!isFirst)
                return;
        }
        else if (id != MethodId.ChannelCloseOk)
        {
            return;
        }

        Forget(channel);
        Output.Reopen(channel.Number);
        using (Host.Enter(Flushes))
            _channels.Remove(channel.Number);
        if (_lastChannel == channel)
            _lastChannel = null;
    }

    private ReadOnlySpan<byte> Contiguous(in Frame frame)
    {
        // Bodies are copied part by part.
        if (frame.Payload.IsSingleSegment || frame.Type == FrameType.Body)
            return frame.Payload.FirstSpan;
        var length = (int)frame.Payload.Length;
        if (_scratch.Length < length)
            _scratch = new byte[Math.Max(length, 4096)];
        frame.Payload.CopyTo(_scratch);
        return _scratch.AsSpan(0, length);
    }

    // What is due is confirmed now; for the rest the log calls back.
    private void EndBatch()
    {
        SettleConfirms();
        Flushes.Flush();
    }

    // Called when the client reads again: on a thread of its own, because it may have much to give.
    private void ResumeSoon()
    {
        if (Interlocked.Exchange(ref _resuming, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.Resume(), this, preferLocal: false);
    }

    private void Resume() => Host.RunAlone(() =>
    {
        Volatile.Write(ref _resuming, 0);
        foreach (var channel in _channels.Values)
            channel.Resume();
    });
}
