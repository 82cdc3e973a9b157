using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Tests.Processes;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Hostile;

/// <summary>What one client can make grow has a bound, and is gone with the client.</summary>
[Collection(AloneCollection.Name)]
public sealed class GrowthTests : IAsyncLifetime
{
    private const long Tolerance = 16L << 20;
    private const int HandleTolerance = 16;

    private BrokerProcess _broker = null!;
    private LoadClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _broker = await BrokerProcess.StartAsync("listen=127.0.0.1:0");
        _client = await LoadClient.OpenAsync(_broker.Url);
        await _client.OpenChannelAsync(1);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _broker.DisposeAsync();
        Assert.Empty(_broker.Faults);
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_answers_is_not_read_from()
    {
        const int count = 2_000;
        const int size = 256 << 10;
        await _client.DeclareAsync(1, "large", durable: false);
        _client.Publish(1, [], "large"u8, new BasicProperties().Encode(), new byte[size]);
        await Eventually.ThatAsync(async () => await _client.DeclareAsync(1, "large", passive: true) == 1, "the message is there");

        for (ulong tag = 1; tag <= count; tag++)
        {
            _client.Write(1, new BasicGet("large", NoAck: false));
            _client.Write(1, new BasicNack(tag, Multiple: false, Requeue: true));
        }

        await _client.FlushAsync();
        await ComesToRestAsync();

        // Half a GiB of answers were asked for, and all come to one who reads.
        for (var read = 1UL; read <= count; read++)
            Assert.Equal(read, (await _client.CallAsync(MethodId.BasicGetOk)).As<BasicGetOk>().DeliveryTag);
        Assert.InRange(_broker.PeakResidentBytes, 0, 250L << 20);
    }

    [Fact]
    public async Task A_client_that_does_not_read_the_farewell_is_let_go()
    {
        await _client.DeclareAsync(1, "hostile-a", durable: false);
        _client.Publish(1, [], "hostile-a"u8, new BasicProperties().Encode(), new byte[1_900_000]);
        await Eventually.ThatAsync(async () => await _client.DeclareAsync(1, "hostile-a", passive: true) == 1, "the message is there");
        var handles = _broker.HandleCount;

        using var deaf = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4_096 };
        await deaf.ConnectAsync(new Uri(_broker.Url).Host, new Uri(_broker.Url).Port);
        var farewell = new ArrayBufferWriter<byte>();
        farewell.Write(Traffic.Opening());
        FrameWriter.WriteMethod(farewell, 1, new ChannelOpen());
        FrameWriter.WriteMethod(farewell, 1, new BasicGet("hostile-a", NoAck: false));
        FrameWriter.WriteMethod(farewell, 0, new ConnectionClose(ReplyCode.Success, "", 0));
        await deaf.SendAsync(farewell.WrittenMemory);

        // It is connected until the broker gives it up; then its message is free, and so is its socket.
        await Eventually.ThatAsync(() => _broker.HandleCount > handles, "the deaf client is connected");
        await Eventually.ThatAsync(async () => await _client.DeclareAsync(1, "hostile-a", passive: true) == 1, "the message is back");
        await Eventually.ThatAsync(() => _broker.HandleCount <= handles, "the broker lets go of the socket", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_message_takes_memory_as_it_comes_and_not_as_it_is_announced()
    {
        var before = await _broker.CollectAsync();
        await using var client = await LoadClient.OpenAsync(_broker.Url);
        for (ushort channel = 1; channel <= 2_000; channel++)
        {
            client.Write(channel, new ChannelOpen());
            client.Announce(channel, "amq.fanout"u8, bodySize: 134_217_728);
        }

        for (var opened = 0; opened < 2_000; opened++)
            await client.CallAsync(MethodId.ChannelOpenOk);
        Assert.InRange(await _broker.CollectAsync(), 0, before + (64L << 20));
    }

    [Fact]
    public async Task Consumers_that_come_and_go_leave_nothing_behind()
    {
        await _client.DeclareAsync(1, "idle", durable: false);
        await ComeAndGoAsync(100);
        var before = await _broker.CollectAsync();
        await ComeAndGoAsync(50_000);
        Assert.InRange(await _broker.CollectAsync(), 0, before + (4L << 20));

        async Task ComeAndGoAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                _client.Write(1, new BasicConsume(
                    "idle", "tag", NoLocal: false, NoAck: true, Exclusive: false, NoWait: true, FieldTable.Of(("x-priority", i))));
                _client.Write(1, new BasicCancel("tag", NoWait: true));
                if (_client.Unflushed > 100_000)
                    await _client.FlushAsync();
            }

            await _client.DeclareAsync(1, "idle", passive: true);
        }
    }

    [Fact]
    public async Task All_that_a_connection_opened_goes_with_it()
    {
        await UseAsync(channels: 50, queues: 50);
        var (heap, handles) = (await _broker.CollectAsync(), _broker.HandleCount);
        await UseAsync(channels: 2_000, queues: 20_000);
        await ReturnsToAsync(heap, handles);

        async Task UseAsync(int channels, int queues)
        {
            await using var client = await LoadClient.OpenAsync(_broker.Url);
            for (var channel = 1; channel <= channels; channel++)
                await client.OpenChannelAsync((ushort)channel);
            for (var i = 0; i < queues; i++)
            {
                var channel = (ushort)(1 + (i % channels));
                var queue = string.Create(CultureInfo.InvariantCulture, $"mine-{i}");
                client.Write(channel, new QueueDeclare(queue, Passive: false, Durable: false, Exclusive: true, AutoDelete: false, NoWait: true, FieldTable.Empty));
                client.Write(channel, new QueueBind(queue, "amq.topic", $"a.{queue}.#", NoWait: true, FieldTable.Empty));
                for (var consumer = 0; consumer < 3; consumer++)
                    client.Write(channel, new BasicConsume(queue, $"{queue}-{consumer}", NoLocal: false, NoAck: false, Exclusive: false, NoWait: true, FieldTable.Empty));
                client.Publish(channel, "amq.topic"u8, System.Text.Encoding.UTF8.GetBytes($"a.{queue}"), new BasicProperties().Encode(), new byte[100]);
                if (client.Unflushed > 100_000)
                    await client.FlushAsync();
            }

            client.Write(1, new ConfirmSelect(NoWait: false));
            await client.CallAsync(MethodId.ConfirmSelectOk, before: delivery => Assert.Equal(MethodId.BasicDeliver, delivery.Method));
        }
    }

    [Fact]
    public async Task Thousands_of_half_open_connections_keep_nobody_out()
    {
        const int count = 2_000;
        var address = new Uri(_broker.Url);
        await HoldAsync(50);
        var (heap, handles) = (await _broker.CollectAsync(), _broker.HandleCount);
        await HoldAsync(count);
        await ReturnsToAsync(heap, handles);

        async Task HoldAsync(int number)
        {
            var opening = Traffic.Opening();
            var sockets = new List<Socket>();
            try
            {
                for (var i = 0; i < number; i++)
                {
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                    sockets.Add(socket);
                    await socket.ConnectAsync(address.Host, address.Port);
                    if (i % 2 == 0)
                        await socket.SendAsync(opening.AsMemory(0, i % opening.Length));
                }

                await using (var client = await LoadClient.OpenAsync(_broker.Url))
                    await client.OpenChannelAsync(1);

                // The broker hangs up on each of them, whether it has begun or not.
                foreach (var socket in sockets)
                    await HangsUpAsync(socket);
            }
            finally
            {
                sockets.ForEach(socket => socket.Dispose());
            }
        }
    }

    private static async Task HangsUpAsync(Socket socket)
    {
        using var giveUp = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        var buffer = new byte[8_192];
        try
        {
            while (await socket.ReceiveAsync(buffer, giveUp.Token) > 0)
            {
                // Its half of the opening comes first.
            }
        }
        catch (SocketException)
        {
            // That is hanging up too.
        }
    }

    private Task ReturnsToAsync(long heap, int handles) => Eventually.PassesAsync(
        async () =>
        {
            Assert.InRange(_broker.HandleCount, 0, handles + HandleTolerance);
            Assert.InRange(await _broker.CollectAsync(), 0, heap + Tolerance);
        },
        "memory and handles of the broker are what they were");

    // Done, or waiting for the client: either way it works no more.
    private async Task ComesToRestAsync()
    {
        var last = TimeSpan.MinValue;
        await Eventually.ThatAsync(
            () =>
            {
                var used = _broker.ProcessorTime;
                var isAtRest = used == last;
                last = used;
                return isAtRest;
            },
            "the broker comes to rest");
    }
}
