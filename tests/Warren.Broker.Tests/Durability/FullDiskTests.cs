using System.Buffers.Binary;
using System.Globalization;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Tests.Processes;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Durability;

/// <summary>A broker whose disk is full holds its publishers up, loses nothing it confirmed, and goes on by itself when there is room.</summary>
[Collection(AloneCollection.Name)]
public sealed class FullDiskTests
{
    private const string Queue = "kept";
    private const int DiskMegabytes = 192;
    private const int Window = 100;

    private static readonly byte[] Persistent = new BasicProperties { DeliveryMode = 2 }.Encode();

    [Theory]
    [InlineData("no room for the next segment", 0)]
    [InlineData("less free than the limit", 60_000_000)]
    public async Task Publishers_are_blocked_until_there_is_room(string what, int limit)
    {
        await using var disk = await TinyDisk.MakeAsync(DiskMegabytes);
        await using var broker = await StartAsync(disk, limit);
        await using var client = await LoadClient.OpenAsync(broker.Url);
        var publisher = await Publisher.OpenAsync(client);

        await publisher.PublishAsync(Window, size: 10_000);
        if (limit == 0)
            disk.Fill();
        else
            disk.Fill(leaveMegabytes: limit / 1_000_000 / 2);
        await publisher.PublishUntilBlockedAsync(size: 100_000);

        // The others are served: what waits can be taken and acked.
        await using (var other = await LoadClient.OpenAsync(broker.Url))
        {
            await other.OpenChannelAsync(1);
            other.Write(1, new BasicGet(Queue, NoAck: false));
            Assert.Equal(0, Number(await other.CallAsync(MethodId.BasicGetOk)));
            other.Write(1, new BasicAck(1, Multiple: false));
            other.Write(1, new ChannelClose(ReplyCode.Success, "", 0));
            await other.CallAsync(MethodId.ChannelCloseOk);
        }

        Assert.True(publisher.Unconfirmed > 0, $"All was confirmed though there was {what}.");
        disk.Free();
        await publisher.FinishAsync();
        await publisher.PublishAsync(Window, size: 10_000);
        await broker.KillAsync();

        await using var again = await StartAsync(disk, limit);
        await AssertHasAsync(again, first: 1, publisher.Published);
    }

    [Fact]
    public async Task A_message_that_has_no_room_is_confirmed_when_it_has()
    {
        const int large = 50_000_000;
        await using var disk = await TinyDisk.MakeAsync(DiskMegabytes);
        await using var broker = await StartAsync(disk, limit: 0);
        await using var client = await LoadClient.OpenAsync(broker.Url);
        var publisher = await Publisher.OpenAsync(client);

        await publisher.PublishAsync(Window, size: 1_000);
        disk.Fill(leaveMegabytes: 10);
        publisher.Write(large);
        await client.FlushAsync();
        await Eventually.ThatAsync(() => broker.Log.Any(line => line.Contains("WriteFailed", StringComparison.Ordinal)), "the broker finds the disk full");
        // Held up behind it.
        publisher.Write(1_000);
        await client.FlushAsync();
        Assert.Equal(2, publisher.Unconfirmed);

        disk.Free();
        await publisher.FinishAsync();
        await broker.KillAsync();
        await using var again = await StartAsync(disk, limit: 0);
        await AssertHasAsync(again, first: 0, publisher.Published);
    }

    [Fact]
    public async Task A_broker_killed_on_a_full_disk_comes_back_on_it()
    {
        await using var disk = await TinyDisk.MakeAsync(DiskMegabytes);
        Publisher publisher;
        await using (var broker = await StartAsync(disk, limit: 0))
        {
            await using var client = await LoadClient.OpenAsync(broker.Url);
            publisher = await Publisher.OpenAsync(client);
            disk.Fill();
            await publisher.PublishUntilBlockedAsync(size: 100_000);
            await broker.KillAsync();
        }

        disk.Fill();
        await using var again = await StartAsync(disk, limit: 0);
        await Eventually.ThatAsync(() => again.Log.Any(line => line.Contains("WriteFailed", StringComparison.Ordinal)), "the broker finds the disk full");
        await using (var client = await LoadClient.OpenAsync(again.Url))
        {
            // What is there can be read, and nothing new is confirmed.
            await client.OpenConfirmingChannelAsync(1);
            Assert.InRange(await client.DeclareAsync(1, Queue, passive: true), (uint)publisher.Confirmed, (uint)publisher.Published);
            client.Publish(1, [], "kept"u8, Persistent, new byte[1_000]);
            Assert.Equal(MethodId.ConnectionBlocked, (await client.CallAsync(MethodId.ConnectionBlocked)).Method);
            disk.Free();
            Assert.Equal(MethodId.BasicAck, (await client.CallAsync(MethodId.BasicAck, before: unblocked => Assert.Equal(MethodId.ConnectionUnblocked, unblocked.Method))).Method);
        }

        await AssertHasAsync(again, first: 0, publisher.Confirmed);
    }

    [Fact]
    public async Task A_second_process_on_the_directory_is_refused_in_words()
    {
        var directory = Directory.CreateTempSubdirectory("warren-twice-").FullName;
        try
        {
            await using var broker = await BrokerProcess.StartAsync($"data={directory}", "listen=127.0.0.1:0");
            var (line, exitCode) = await BrokerProcess.StartRefusedAsync($"data={directory}", "listen=127.0.0.1:0");

            Assert.Equal(3, exitCode);
            Assert.StartsWith(
                string.Create(CultureInfo.InvariantCulture, $"refused The data directory '{directory}' is in use by process {broker.Id}."), line, StringComparison.Ordinal);
            await using var client = await LoadClient.OpenAsync(broker.Url);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static Task<BrokerProcess> StartAsync(TinyDisk disk, int limit) => BrokerProcess.StartAsync(
        disk.Wrapper, [$"data={disk.Directory}", "listen=127.0.0.1:0", string.Create(CultureInfo.InvariantCulture, $"disk-free-limit={limit}")]);

    private static long Number(Incoming incoming) => BinaryPrimitives.ReadInt64BigEndian(incoming.Body);

    // From the first on every message that was published is there, once and in order.
    private static async Task AssertHasAsync(BrokerProcess broker, long first, long published)
    {
        await using var client = await LoadClient.OpenAsync(broker.Url);
        await client.OpenChannelAsync(1);
        client.Write(1, new BasicConsume(Queue, "", NoLocal: false, NoAck: true, Exclusive: false, NoWait: false, FieldTable.Empty));
        await client.CallAsync(MethodId.BasicConsumeOk);
        for (var number = first; number < published; number++)
            Assert.Equal(number, Number(await client.ReadAsync()));
    }

    /// <summary>Publishes numbered messages with confirms.</summary>
    private sealed class Publisher(LoadClient client)
    {
        /// <summary>How many were sent.</summary>
        public long Published { get; private set; }

        /// <summary>How many were confirmed.</summary>
        public long Confirmed { get; private set; }

        /// <summary>How many were sent and not confirmed.</summary>
        public long Unconfirmed => Published - Confirmed;

        public static async Task<Publisher> OpenAsync(LoadClient client)
        {
            await client.OpenConfirmingChannelAsync(1);
            await client.DeclareAsync(1, Queue);
            return new(client);
        }

        /// <summary>Writes one.</summary>
        public void Write(int size)
        {
            var body = new byte[size];
            BinaryPrimitives.WriteInt64BigEndian(body, Published++);
            client.Publish(1, [], "kept"u8, Persistent, body);
        }

        /// <summary>Publishes some and waits until all are confirmed.</summary>
        public async Task PublishAsync(int count, int size)
        {
            for (; count > 0; count--)
                Write(size);
            await client.FlushAsync();
            while (Unconfirmed > 0)
                Confirm(await client.ReadAsync());
        }

        /// <summary>Publishes on and on until the broker says that it is blocked.</summary>
        public async Task PublishUntilBlockedAsync(int size)
        {
            while (true)
            {
                // The broker may read no further, and is listened to all the same.
                if (Flushing.IsCompleted)
                {
                    await Flushing;
                    while (Unconfirmed < Window)
                        Write(size);
                    Flushing = client.FlushAsync();
                }

                var incoming = await client.ReadAsync();
                if (incoming.Method == MethodId.ConnectionBlocked)
                    return;
                Confirm(incoming);
            }
        }

        /// <summary>Waits until the broker says that it is not blocked, and all is confirmed.</summary>
        public async Task FinishAsync()
        {
            while (Unconfirmed > 0)
            {
                var incoming = await client.ReadAsync();
                if (incoming.Method != MethodId.ConnectionUnblocked)
                    Confirm(incoming);
            }

            await Flushing;
        }

        private Task Flushing { get; set; } = Task.CompletedTask;

        private void Confirm(Incoming incoming)
        {
            Assert.Equal(MethodId.BasicAck, incoming.Method);
            Confirmed = (long)incoming.As<BasicAck>().DeliveryTag;
        }
    }
}
