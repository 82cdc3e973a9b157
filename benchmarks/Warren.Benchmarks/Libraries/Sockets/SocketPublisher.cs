using System.Buffers.Binary;
using System.Diagnostics;
using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Libraries.Sockets;

/// <summary>Publishes on a bare socket: frames encoded once, many messages in a send, a window of unconfirmed ones.</summary>
/// <param name="job">The queue, and the size of the messages.</param>
/// <param name="persistent">Whether they are to survive the broker.</param>
internal sealed class SocketPublisher(VariantJob job, bool persistent)
{
    private const int Together = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // A monitor, which can be waited on.
    private readonly object _gate = new();
    private Exception? _failure;
    private long _sent;

    /// <summary>Told of messages that are sent.</summary>
    public Action<long> Sent { get; init; } = static _ => { };

    /// <summary>Told of messages that are confirmed.</summary>
    public Action<long> Confirmed { get; init; } = static _ => { };

    /// <summary>Gets the time from the send of each message that is the last of its send to its confirm.</summary>
    public LatencyHistogram Latencies { get; init; } = new();

    /// <summary>While it is true, nothing is sent.</summary>
    public Func<bool> MustWait { get; init; } = static () => false;

    /// <summary>Publishes without confirms until it is told to stop; the broker has then taken everything.</summary>
    public void PublishUnconfirmed(CancellationToken stop)
    {
        using var connection = SocketConnection.Open(job.Broker);
        var messages = Encode();
        while (!stop.IsCancellationRequested)
        {
            connection.Send(messages.Written);
            Sent(Together);
        }
        connection.Close();
    }

    /// <summary>Publishes with a window of unconfirmed messages until it is told to stop; then all are confirmed.</summary>
    public void Publish(int window, CancellationToken stop)
    {
        using var connection = SocketConnection.Open(job.Broker);
        connection.Call(85, 10, static select => select.Byte(0));
        var confirms = new Window(window);
        var reader = new Thread(() => ReadConfirms(connection, confirms)) { IsBackground = true, Name = "confirms" };
        reader.Start();
        var messages = Encode();
        while (!stop.IsCancellationRequested)
        {
            if (MustWait())
            {
                stop.WaitHandle.WaitOne(1);
                continue;
            }
            WaitFor(confirms, window - Together, window / 2);
            lock (_gate)
            {
                _sent += Together;
                confirms.SentAt(_sent, Stopwatch.GetTimestamp());
            }
            Sent(Together);
            connection.Send(messages.Written);
        }
        WaitFor(confirms, 0, 0);
        connection.BeginClose();
        reader.Join();
    }

    // A full window waits until it is half empty: one wake-up for many confirms.
    private void WaitFor(Window confirms, int most, int fewer)
    {
        lock (_gate)
        {
            if (_sent - confirms.Floor <= most)
                return;
            while (_sent - confirms.Floor > fewer)
            {
                if (_failure is not null)
                    throw new VariantFailedException($"The confirms ended: {_failure.Message}");
                if (!Monitor.Wait(_gate, Patience))
                    throw new VariantFailedException($"For {Patience.TotalSeconds:0} s nothing was confirmed; {_sent - confirms.Floor} messages wait.");
            }
        }
    }

    private void ReadConfirms(SocketConnection connection, Window confirms)
    {
        var told = 0L;
        try
        {
            while (connection.Receive())
            {
                lock (_gate)
                {
                    while (connection.TryRead(out var frame))
                    {
                        if (frame.IsCloseOk)
                            return;
                        Confirm(confirms, frame);
                    }
                    Monitor.Pulse(_gate);
                }
                Confirmed(confirms.Floor - told);
                told = confirms.Floor;
            }
            throw new VariantFailedException("the broker ended the connection");
        }
        catch (Exception error)
        {
            // The thread's edge: the publisher is told, and fails the run.
            lock (_gate)
            {
                _failure = error;
                Monitor.Pulse(_gate);
            }
        }
    }

    private void Confirm(Window confirms, in SocketFrame frame)
    {
        if (!frame.Is(60, 80))
            throw new VariantFailedException("The broker sent something else than basic.ack.");
        var tag = (long)BinaryPrimitives.ReadUInt64BigEndian(frame.Payload[4..]);
        confirms.Confirm(tag, multiple: frame.Payload[12] != 0, Latencies);
    }

    private FrameBatch Encode()
    {
        var messages = new FrameBatch();
        var body = Payload.OfSize(job.Size).ToJson();
        for (var i = 0; i < Together; i++)
            messages.Publish(SocketConnection.Channel, job.Queue, "application/json", persistent, body);
        return messages;
    }

    /// <summary>Which of the last messages are confirmed; acks may come out of order, so the floor moves over marks.</summary>
    private sealed class Window(int size)
    {
        private readonly bool[] _done = new bool[size + Together];
        private readonly long[] _sentAt = new long[size / Together + 2];

        /// <summary>Up to this tag all are confirmed.</summary>
        public long Floor { get; private set; }

        public void SentAt(long last, long timestamp) => _sentAt[last / Together % _sentAt.Length] = timestamp;

        public void Confirm(long tag, bool multiple, LatencyHistogram latencies)
        {
            if (!multiple)
                _done[tag % _done.Length] = true;
            while (multiple && Floor < tag)
                Advance(latencies);
            while (_done[(Floor + 1) % _done.Length])
                Advance(latencies);
        }

        private void Advance(LatencyHistogram latencies)
        {
            Floor++;
            _done[Floor % _done.Length] = false;
            if (Floor % Together == 0)
                latencies.RecordSince(_sentAt[Floor / Together % _sentAt.Length]);
        }
    }
}
