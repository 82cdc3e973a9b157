using RabbitMQ.Client;
using Warren.Messaging.Content;

namespace Warren.Messaging.Tests.Content;

public class AllocationTests
{
    private const int Rounds = 20_000;
    private const int Series = 5;

    // The runtime may allocate a little on this thread while it compiles methods anew; over all rounds that is under a tenth of a byte each.
    private const double Tolerance = 0.1;

    [Fact]
    public void Encoding_json_allocates_nothing()
    {
        var pipeline = Wire.Pipeline();
        var output = new PooledBuffer();
        var properties = new BasicProperties();
        var message = new UserCreated(42, new string('x', 1000));
        Assert.InRange(AllocatedPerRound(() =>
        {
            output.Clear();
            pipeline.Encode(message, output, properties);
        }), 0, Tolerance);
        Assert.Equal(1029, output.WrittenCount);
    }

    [Fact]
    public void Encoding_raw_bytes_allocates_nothing()
    {
        var pipeline = Wire.Pipeline();
        var output = new PooledBuffer();
        var properties = new BasicProperties();
        ReadOnlyMemory<byte> message = new byte[1024];
        Assert.InRange(AllocatedPerRound(() =>
        {
            output.Clear();
            pipeline.Encode(message, output, properties);
        }), 0, Tolerance);
        Assert.Equal(1024, output.WrittenCount);
    }

    [Fact]
    public void Decoding_json_allocates_the_message_alone()
    {
        var pipeline = Wire.Pipeline();
        var body = """{"id":1,"value":2.5}"""u8.ToArray();
        var properties = Wire.Properties("application/json");
        var expected = AllocatedPerRound(() => GC.KeepAlive(new Reading()));
        Assert.InRange(AllocatedPerRound(() => pipeline.Decode<Reading>(body.AsMemory(), properties)), expected - Tolerance, expected + Tolerance);
    }

    [Fact]
    public void Encrypting_allocates_nothing_per_message()
    {
        var pipeline = Wire.Encrypting();
        var output = new PooledBuffer();
        var properties = new BasicProperties();
        var message = new UserCreated(42, new string('x', 1000));
        Assert.InRange(AllocatedPerRound(() =>
        {
            output.Clear();
            pipeline.Encode(message, output, properties);
        }), 0, Tolerance);
    }

    [Fact]
    public void A_large_message_leaves_no_large_array_behind()
    {
        var output = new PooledBuffer();
        Wire.Encrypting().Encode(new byte[1 << 20], output, new BasicProperties());
        output.Clear();
        Assert.InRange(output.Capacity, 0, PooledBuffer.MaxRetained);
        var scratch = PooledBuffer.Rent();
        Assert.InRange(scratch.Capacity, 0, PooledBuffer.MaxRetained);
        PooledBuffer.Return(scratch);
    }

    private static double AllocatedPerRound(Action act)
    {
        for (var i = 0; i < Rounds; i++)
            act();
        // What a message allocates is in every series; what a collection of the whole process does to the pools of this thread is in one.
        return Enumerable.Range(0, Series).Min(_ => AllocatedInSeries(act) / (double)Rounds);
    }

    private static long AllocatedInSeries(Action act)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
            act();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
