using System.Buffers.Binary;
using System.Diagnostics;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Tests.Processes;

namespace Warren.Broker.Tests.Hostile;

/// <summary>A client that works beside the hostile ones: it publishes, has it confirmed, gets it back and acks it, over and over.</summary>
internal sealed class HealthyClient(string url, string queue, FieldTable arguments)
{
    private const int Batch = 50;

    private static readonly byte[] Properties = new BasicProperties { DeliveryMode = 2 }.Encode();

    /// <summary>How many messages went round.</summary>
    public long Count { get; private set; }

    /// <summary>The longest that a batch took.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>Works until it is told to stop; fails as soon as something is not as it must be.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await using var client = await LoadClient.OpenAsync(url);
        await client.OpenConfirmingChannelAsync(1);
        await client.DeclareAsync(1, queue, arguments);
        client.Write(1, new BasicConsume(queue, "healthy", NoLocal: false, NoAck: false, Exclusive: false, NoWait: false, FieldTable.Empty));
        await client.CallAsync(MethodId.BasicConsumeOk);
        while (!stop.IsCancellationRequested)
        {
            var start = Stopwatch.GetTimestamp();
            await GoRoundAsync(client);
            var took = Stopwatch.GetElapsedTime(start);
            Longest = took > Longest ? took : Longest;
        }

        Assert.Equal(0u, await client.DeclareAsync(1, queue, passive: true));
    }

    private async Task GoRoundAsync(LoadClient client)
    {
        var body = new byte[1024];
        for (var i = 0; i < Batch; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(body, Count + i);
            client.Publish(1, [], System.Text.Encoding.UTF8.GetBytes(queue), Properties, body);
        }

        await client.FlushAsync();
        var received = 0;
        for (var confirmed = Count; confirmed < Count + Batch || received < Batch;)
        {
            var incoming = await client.ReadAsync();
            if (incoming.Method == MethodId.BasicAck)
            {
                confirmed = (long)incoming.As<BasicAck>().DeliveryTag;
                continue;
            }

            Assert.Equal(MethodId.BasicDeliver, incoming.Method);
            Assert.Equal(Count + received, BinaryPrimitives.ReadInt64BigEndian(incoming.Body));
            Assert.False(incoming.As<BasicDeliver>().Redelivered);
            received++;
        }

        Count += Batch;
        client.Write(1, new BasicAck((ulong)Count, Multiple: true));
    }
}
