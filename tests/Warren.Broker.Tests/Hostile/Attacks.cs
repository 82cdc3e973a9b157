using System.Buffers;
using System.Net.Sockets;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Tests.Hostile;

/// <summary>What strangers do to a broker, one attack at a time.</summary>
/// <param name="url">Where the broker is.</param>
/// <param name="random">Which attack is next, and everything in it.</param>
internal sealed class Attacks(string url, Random random)
{
    private const int HalfOpen = 300;
    private const byte Table = (byte)'F';
    private const byte List = (byte)'A';

    private static readonly byte[] Opening = Traffic.Opening();
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Uri _url = new(url);

    /// <summary>How many attacks there were.</summary>
    public int Count { get; private set; }

    /// <summary>Attacks until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await OnceAsync();
            }
            catch (SocketException refused) when (refused.SocketErrorCode is SocketError.ConnectionReset)
            {
                // Where thousands knock at once a connection may be closed before its client hears that it is open.
            }
            Count++;
        }
    }

    private Task OnceAsync() => random.Next(200) switch
    {
        < 15 => SendAsync(Noise(random.Next(2_000))),
        < 20 => SendAsync([.. ProtocolHeader.Bytes, .. Noise(random.Next(2_000))]),
        < 40 => SendAsync(Mutation.Of([.. Opening, .. Traffic.Commands(random)], random)),
        < 130 => SendAsync([.. Opening, .. Mutation.Of(Traffic.Commands(random), random)]),
        < 170 => SendAsync([.. Opening, .. Traffic.Commands(random)]),
        < 180 => SendAsync([.. Opening, .. Claim()]),
        < 190 => SendAsync([.. Opening, .. Deep()]),
        < 192 => SendAsync([.. Opening, .. UnfinishedBodies()]),
        < 194 => SendAsync([.. Opening, .. ManyChannels()]),
        < 198 => SendAsync([.. Opening, .. ManyConsumers()]),
        < 199 => HoldHalfOpenAsync(),
        _ => SendSlowlyAsync(),
    };

    private byte[] Noise(int length)
    {
        var noise = new byte[length];
        random.NextBytes(noise);
        return noise;
    }

    // Sizes nobody has: of frames, bodies, tables and texts.
    private byte[] Claim()
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.WriteMethod(output, 1, new ChannelOpen());
        ulong[] bodies = [1UL << 31, (1UL << 31) - 1, 1UL << 32, 1UL << 62, 1UL << 63, ulong.MaxValue, 134_217_728, 134_217_729];
        FrameWriter.WriteMethod(output, 1, new BasicPublish("hostile-a"u8, "a"u8, mandatory: false, immediate: false));
        FrameWriter.WriteHeader(output, 1, unchecked((long)bodies[random.Next(bodies.Length)]), new BasicProperties().Encode());
        FrameWriter.WriteBody(output, 1, new byte[random.Next(1, 100_000)], 131_072);
        uint[] lengths = [0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFF8, 131_072, 131_065];
        var length = lengths[random.Next(lengths.Length)];
        WriteFrameHead(output, (byte)random.Next(1, 4), length);
        output.Write(Noise(random.Next(1_000)));
        return output.WrittenSpan.ToArray();
    }

    // Tables in tables, or lists in a list, as deep as a frame can hold.
    private byte[] Deep()
    {
        var isTable = random.Next(2) == 0;
        var depth = random.Next(2) == 0 ? random.Next(1, 300) : random.Next(300, 15_000);
        var level = isTable ? 7 : 5;
        var arguments = (isTable ? 0 : 2) + (depth * level);
        var payload = new byte[7 + "hostile-q".Length + 1 + sizeof(uint) + arguments];
        var writer = new AmqpWriter(payload);
        writer.WriteUInt16(50);
        writer.WriteUInt16(10);
        writer.WriteUInt16(0);
        writer.WriteShortString("hostile-q");
        writer.WriteByte(2);
        writer.WriteUInt32((uint)arguments);
        for (var inside = depth - 1; inside >= 0; inside--)
        {
            if (isTable || inside == depth - 1)
                writer.WriteShortString("x");
            writer.WriteByte(isTable ? Table : List);
            writer.WriteUInt32((uint)(inside * level));
        }

        var output = new ArrayBufferWriter<byte>();
        FrameWriter.WriteMethod(output, 1, new ChannelOpen());
        WriteFrameHead(output, 1, (uint)payload.Length);
        output.Write(payload);
        output.Write<byte>([Frame.End]);
        return output.WrittenSpan.ToArray();
    }

    private static void WriteFrameHead(ArrayBufferWriter<byte> output, byte type, uint length) =>
        output.Write<byte>([type, 0, 1, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length]);

    // Large messages that are begun on many channels, and never go on.
    private static byte[] UnfinishedBodies()
    {
        var output = new ArrayBufferWriter<byte>();
        var properties = new BasicProperties().Encode();
        for (ushort channel = 1; channel <= 2_000; channel++)
        {
            FrameWriter.WriteMethod(output, channel, new ChannelOpen());
            FrameWriter.WriteMethod(output, channel, new BasicPublish("hostile-a"u8, "a"u8, mandatory: false, immediate: false));
            FrameWriter.WriteHeader(output, channel, 134_217_728, properties);
        }

        return output.WrittenSpan.ToArray();
    }

    private byte[] ManyChannels()
    {
        var output = new ArrayBufferWriter<byte>();
        for (var channel = 1; channel <= random.Next(1, 2_100); channel++)
            FrameWriter.WriteMethod(output, (ushort)channel, new ChannelOpen());
        return output.WrittenSpan.ToArray();
    }

    private byte[] ManyConsumers()
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.WriteMethod(output, 1, new ChannelOpen());
        for (var i = 0; i < 500; i++)
        {
            var queue = Traffic.Name(Traffic.Fixed[random.Next(Traffic.Fixed.Length)]);
            FrameWriter.WriteMethod(output, 1, new BasicConsume(
                queue, $"c{i}", NoLocal: false, NoAck: true, Exclusive: false, NoWait: true, FieldTable.Of(("x-priority", random.Next()))));
            if (random.Next(2) == 0)
                FrameWriter.WriteMethod(output, 1, new BasicCancel($"c{i}", NoWait: true));
        }

        return output.WrittenSpan.ToArray();
    }

    private async Task SendAsync(byte[] stream)
    {
        using var socket = await ConnectAsync();
        var reads = random.Next(4) > 0;
        var answers = reads ? DiscardAsync(socket) : Task.CompletedTask;
        try
        {
            using var giveUp = new CancellationTokenSource(Patience, TimeProvider.System);
            for (var at = 0; at < stream.Length;)
            {
                var length = random.Next(3) > 0 ? stream.Length - at : Math.Min(random.Next(1, 5_000), stream.Length - at);
                at += await socket.SendAsync(stream.AsMemory(at, length), giveUp.Token);
            }

            if (random.Next(2) == 0)
                socket.Shutdown(SocketShutdown.Send);
            // It may look at the stream before its sender is gone.
            await Task.WhenAny(answers, Moments(random.Next(30)));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // The broker has had enough of it.
        }

        if (random.Next(2) == 0)
            socket.LingerState = new(true, 0);
        socket.Dispose();
        await answers;
    }

    private async Task HoldHalfOpenAsync()
    {
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < HalfOpen; i++)
            {
                sockets.Add(await ConnectAsync());
                await sockets[i].SendAsync(Opening.AsMemory(0, random.Next(Opening.Length)));
            }

            await Moments(random.Next(1_000));
        }
        catch (SocketException)
        {
            // One of them was closed already.
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    private async Task SendSlowlyAsync()
    {
        using var socket = await ConnectAsync();
        try
        {
            for (var at = 0; at < Opening.Length; at++)
            {
                await socket.SendAsync(Opening.AsMemory(at, 1));
                await Moments(20);
            }
        }
        catch (SocketException)
        {
            // It was not waited for.
        }
    }

    private static Task Moments(int milliseconds) => Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System);

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(_url.Host, _url.Port);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task DiscardAsync(Socket socket)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            while (await socket.ReceiveAsync(buffer) > 0)
            {
                // What it says to nonsense does not matter, as long as it lives.
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Closed, by either side.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
