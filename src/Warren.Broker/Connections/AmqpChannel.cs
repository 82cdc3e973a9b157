using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Queues;

namespace Warren.Broker.Connections;

/// <summary>A channel: where a client's commands are executed, one after the other.</summary>
/// <remarks>
/// <para>
/// Commands come from the connection's read loop. Each takes a turn of the virtual host; deliveries come from whoever has the
/// turn. What a command changed for good is durable before its answer goes out, and what was acked before it as well.
/// </para>
/// <para>The commands are in files by AMQP class: <c>AmqpChannel.{Exchanges,Queues,Publishing,Consuming,Settling,Tx}.cs</c>.</para>
/// </remarks>
internal sealed partial class AmqpChannel
{
    private readonly AmqpConnection _connection;
    private readonly VirtualHost _host;
    private readonly OutputBuffer _output;
    private readonly Authority _authority;
    private readonly int _mostHeld;
    private long _lastLsn;
    private string _lastQueue = "";
    private bool _isClosed;
    // Held by who ends the channel, until that is decided or the client is told.
    private readonly Lock _endGate = new();
    // Why it was closed from outside.
    private string? _endReason;

    public AmqpChannel(ushort number, AmqpConnection connection)
    {
        Number = number;
        _connection = connection;
        _host = connection.Host;
        _output = connection.Output;
        _authority = connection.Authority;
        _content = new(connection.Engine.Options.MaxMessageSize, connection.Unfinished);
        _mostHeld = connection.Engine.Options.MaxUnackedMessages;
    }

    /// <summary>The connection it is on.</summary>
    public AmqpConnection Connection => _connection;

    /// <summary>Its number on the connection, from 1.</summary>
    public ushort Number { get; }

    /// <summary>True once it was told to close and has not said so yet: whatever else it sends is ignored.</summary>
    public bool IsClosing { get; private set; }

    /// <summary>How many messages each consumer that is started from now on may hold unacked, 0 for any number (<c>basic.qos</c>).</summary>
    public int Prefetch => _prefetch;

    /// <summary>How many consumers it has.</summary>
    public int ConsumerCount => _consumers.Count;

    /// <summary>How many messages it holds unacked.</summary>
    public int UnackedCount => _unacked.Count;

    /// <summary>What it may hold in all, 0 for any number (<c>basic.qos</c>, global).</summary>
    public int GlobalPrefetch { get; private set; }

    /// <summary>True in confirm mode.</summary>
    public bool IsConfirming => _confirms is not null;

    /// <summary>True in tx mode.</summary>
    public bool IsTransactional => _tx is not null;

    /// <summary>The log position of the last thing it settled or published that is to be durable.</summary>
    public long LastLsn => Math.Max(_lastLsn, _confirms?.LastLsn ?? 0);

    /// <summary>Takes the next frame of the channel. The task ends when the command was executed and what it answers was written.</summary>
    /// <exception cref="AmqpException">A rule was broken; the connection closes the channel or itself.</exception>
    public ValueTask HandleAsync(in Frame frame, ReadOnlySpan<byte> payload)
    {
        switch (_content.State, frame.Type)
        {
            case (ContentState.Method, FrameType.Method):
                var id = AmqpMethod.ReadId(payload, out var arguments);
                return IsQuick(id) || _connection.IsDurable(_lastLsn)
                    ? Execute(id, arguments)
                    : ExecuteAfterLogAsync(id, arguments.ToArray());
            case (ContentState.Header, FrameType.Header):
                if (_content.TakeHeader(payload))
                    return PublishContent();
                return ValueTask.CompletedTask;
            case (ContentState.Body, FrameType.Body):
                if (_content.TakeBody(frame.Payload))
                    return PublishContent();
                return ValueTask.CompletedTask;
            case (ContentState.Method, _):
                _executing = default;
                throw ContentHeader.MethodMissing();
            case (ContentState.Header, _):
                throw ContentHeader.Missing();
            default:
                throw ContentHeader.BodyMissing();
        }
    }

    /// <summary>
    /// Ends the channel: its consumers go, and what it holds returns to the queues. A second call ends what was done since the first, by a
    /// command that was under way when the channel was closed from outside.
    /// </summary>
    /// <param name="reason">Who ends it and why, for those who read events.</param>
    public void Close(string reason)
    {
        _content.Drop();
        Close(reason, _connection.Flushes);
    }

    // What is coming in is left alone: only the connection's read loop may touch it, and it may be in the middle of that.
    private void Close(string reason, FlushList flushes)
    {
        IsClosing = true;
        using (_host.Enter(flushes))
        {
            // What it holds or was to be sent first, so that whoever is next begins with that.
            foreach (var consumer in _consumers.Values)
                consumer.Queue.TakeBack(consumer);
            List<QueuedMessage> held = [];
            _unacked.TakeUpTo(0, held);
            Queue.Return(held, counts: true);

            foreach (var consumer in _consumers.Values)
                _lastLsn = Math.Max(_lastLsn, End(consumer));

            _consumers.Clear();
            if (_tx is not null)
                LetGo(_tx);
            if (_replyName is not null)
                _host.DirectReplies.Remove(_replyName);
            _replyName = null;
            if (_isClosed)
                return;
            _isClosed = true;
            _connection.Engine.Events.Listening?.Tell(new BrokerEvent.ChannelClosed(_connection.Session.RemoteEndPoint, Number, _endReason ?? reason));
        }
    }

    /// <summary>The client ends the channel; false when the broker was first, and its close is still to be answered.</summary>
    public bool TryEnd()
    {
        lock (_endGate)
        {
            var isFirst = !IsClosing;
            IsClosing = true;
            return isFirst;
        }
    }

    /// <summary>Tells the client that the channel is over because of an error, and ends it.</summary>
    public void CloseBecause(AmqpException error, MethodId failed)
    {
        if (!TryEnd())
            return;
        Close(error.Message);
        _output.CloseChannel(Number, new ChannelClose(error.Code, error.Message, failed));
        _connection.Written();
    }

    /// <summary>Closes the channel because of something the client did not do, on any thread; false when it is closing already.</summary>
    public bool CloseFromOutside(AmqpException error)
    {
        lock (_endGate)
        {
            if (IsClosing)
                return false;
            IsClosing = true;
            _endReason = error.Message;
            // Written before the client could be answered that it has closed the channel itself: this would be an error behind that.
            _output.CloseChannel(Number, new ChannelClose(error.Code, error.Message, 0));
        }

        var flushes = new FlushList();
        Close(error.Message, flushes);
        _confirms?.End();
        flushes.Add(_output);
        flushes.Flush();
        return true;
    }

    /// <summary>Gives what waits to the consumers of the channel, which could take nothing for a while. In a turn.</summary>
    public void Resume()
    {
        foreach (var consumer in _consumers.Values.ToArray())
            consumer.Queue.CreditReturned(consumer);
    }

    // What has no answer to wait for.
    private static bool IsQuick(MethodId id) =>
        id is MethodId.BasicPublish or MethodId.BasicAck or MethodId.BasicNack or MethodId.BasicReject;

    private async ValueTask ExecuteAfterLogAsync(MethodId id, byte[] arguments)
    {
        await _connection.WhenDurableAsync(_lastLsn);
        await Execute(id, arguments);
    }

    private ValueTask Execute(MethodId id, ReadOnlySpan<byte> arguments)
    {
        _executing = id;
        return id switch
        {
            MethodId.BasicPublish => BeginPublish(AmqpMethod.Read<BasicPublish>(arguments)),
            MethodId.BasicAck => Ack(AmqpMethod.Read<BasicAck>(arguments)),
            MethodId.BasicNack => Nack(AmqpMethod.Read<BasicNack>(arguments)),
            MethodId.BasicReject => Reject(AmqpMethod.Read<BasicReject>(arguments)),
            MethodId.BasicGet => Get(AmqpMethod.Read<BasicGet>(arguments)),
            MethodId.BasicConsume => Consume(AmqpMethod.Read<BasicConsume>(arguments)),
            MethodId.BasicCancel => Cancel(AmqpMethod.Read<BasicCancel>(arguments)),
            MethodId.BasicQos => Qos(AmqpMethod.Read<BasicQos>(arguments)),
            MethodId.BasicRecover => Recover(AmqpMethod.Read<BasicRecover>(arguments).Requeue, answer: true),
            MethodId.BasicRecoverAsync => Recover(AmqpMethod.Read<BasicRecoverAsync>(arguments).Requeue, answer: false),
            MethodId.QueueDeclare => DeclareQueue(AmqpMethod.Read<QueueDeclare>(arguments)),
            MethodId.QueueBind => BindQueue(AmqpMethod.Read<QueueBind>(arguments)),
            MethodId.QueueUnbind => UnbindQueue(AmqpMethod.Read<QueueUnbind>(arguments)),
            MethodId.QueuePurge => PurgeQueue(AmqpMethod.Read<QueuePurge>(arguments)),
            MethodId.QueueDelete => DeleteQueue(AmqpMethod.Read<QueueDelete>(arguments)),
            MethodId.ExchangeDeclare => DeclareExchange(AmqpMethod.Read<ExchangeDeclare>(arguments)),
            MethodId.ExchangeDelete => DeleteExchange(AmqpMethod.Read<ExchangeDelete>(arguments)),
            MethodId.ExchangeBind => BindExchange(AmqpMethod.Read<ExchangeBind>(arguments)),
            MethodId.ExchangeUnbind => UnbindExchange(AmqpMethod.Read<ExchangeUnbind>(arguments)),
            MethodId.ConfirmSelect => SelectConfirms(AmqpMethod.Read<ConfirmSelect>(arguments)),
            MethodId.TxSelect => SelectTx(AmqpMethod.Read<TxSelect>(arguments)),
            MethodId.TxCommit => CommitTx(AmqpMethod.Read<TxCommit>(arguments)),
            MethodId.TxRollback => RollbackTx(AmqpMethod.Read<TxRollback>(arguments)),
            MethodId.ChannelFlow => Flow(AmqpMethod.Read<ChannelFlow>(arguments)),
            MethodId.AccessRequest => Reply(new AccessRequestOk(1)),
            MethodId.ChannelOpen => throw AmqpException.Connection(ReplyCode.ChannelError, "second 'channel.open' seen"),
            _ => throw AmqpException.Connection(ReplyCode.CommandInvalid, "unimplemented method"),
        };
    }

    private ValueTask Flow(ChannelFlow method) => method.Active
        ? Reply(new ChannelFlowOk(Active: true))
        : throw AmqpException.Connection(ReplyCode.NotImplemented, "active=false");

    private VirtualHost.Turn Enter() => _host.Enter(_connection.Flushes);

    /// <summary>Answers when what the command changed is durable.</summary>
    private ValueTask Reply<T>(in T answer, long lsn = 0, bool noWait = false) where T : struct, IAmqpMethod<T>
    {
        if (noWait)
        {
            _lastLsn = Math.Max(_lastLsn, lsn);
            return ValueTask.CompletedTask;
        }

        if (!_connection.IsDurable(lsn))
            return ReplyLaterAsync(answer, lsn);
        _output.Write(Number, answer);
        _connection.Written();
        return ValueTask.CompletedTask;
    }

    private async ValueTask ReplyLaterAsync<T>(T answer, long lsn) where T : struct, IAmqpMethod<T>
    {
        await _connection.WhenDurableAsync(lsn);
        _output.Write(Number, answer);
        _connection.Written();
    }

    // An empty name means the queue declared last on this channel (AMQP 0-9-1 §1.7.2.1 of the reference).
    private string QueueName(string name)
    {
        if (name.Length > 0)
            return name;
        return _lastQueue.Length > 0
            ? _lastQueue
            : throw AmqpException.Channel(ReplyCode.NotFound, "no previously declared queue");
    }
}
