using System.Buffers;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Tests.Protocol;

public sealed class FrameWriterTests
{
    private static readonly byte[] Properties = Convert.FromHexString("108001016d");

    [Fact]
    public void A_heartbeat_is_eight_octets() =>
        Assert.Equal("08000000000000CE", Written(FrameWriter.WriteHeartbeat));

    [Fact]
    public void A_header_carries_the_size_of_the_body_and_the_properties_as_they_are() =>
        Assert.Equal(
            "02000300000011" + "003C0000" + "0000000100000000" + "108001016D" + "CE",
            Written(output => FrameWriter.WriteHeader(output, channel: 3, bodySize: 1L << 32, Properties)));

    [Fact]
    public void A_body_is_split_into_frames_that_fit_and_an_empty_one_into_none()
    {
        byte[] body = [1, 2, 3, 4, 5];

        Assert.Equal(
            "03000100000002" + "0102" + "CE" + "03000100000002" + "0304" + "CE" + "03000100000001" + "05" + "CE",
            Written(output => FrameWriter.WriteBody(output, channel: 1, body, frameMax: 10)));
        Assert.Equal("03000100000005" + "0102030405" + "CE", Written(output => FrameWriter.WriteBody(output, channel: 1, body, frameMax: 13)));
        Assert.Equal("03000100000005" + "0102030405" + "CE", Written(output => FrameWriter.WriteBody(output, channel: 1, body, frameMax: 0)));
        Assert.Equal("", Written(output => FrameWriter.WriteBody(output, channel: 1, [], frameMax: 4096)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1024)]
    [InlineData(2048)]
    [InlineData(2049)]
    [InlineData(4088)]
    [InlineData(4089)]
    [InlineData(100_000)]
    public void A_delivery_is_the_method_the_header_and_the_body(int size)
    {
        var body = new byte[size];
        new Random(size).NextBytes(body);
        var expected = Written(output =>
        {
            FrameWriter.WriteMethod(output, channel: 9, new BasicDeliver("tag ü", 77, true, "logs", "a.b"));
            FrameWriter.WriteHeader(output, channel: 9, body.Length, Properties);
            FrameWriter.WriteBody(output, channel: 9, body, frameMax: 4096);
        });

        Assert.Equal(expected, Written(output => FrameWriter.WriteDelivery(output, 9, "tag ü", 77, true, "logs", "a.b", Properties, body, frameMax: 4096)));
        Assert.Equal(expected, Written(output => FrameWriter.WriteDelivery(output, 9, "tag ü"u8, 77, true, "logs"u8, "a.b"u8, Properties, body, frameMax: 4096)));
    }

    [Fact]
    public void A_delivery_with_the_longest_strings_fits()
    {
        var longest = new string('x', 255);

        var written = Written(output => FrameWriter.WriteDelivery(output, 1, longest, 1, false, longest, longest, Properties, [1], frameMax: 4096));

        var buffer = new ReadOnlySequence<byte>(Convert.FromHexString(written));
        Assert.True(FrameReader.TryRead(ref buffer, maxFrameSize: 4096, out var method));
        AmqpMethod.ReadId(method.Payload.FirstSpan, out var arguments);
        Assert.Equal(new BasicDeliver(longest, 1, false, longest, longest), AmqpMethod.Read<BasicDeliver>(arguments));
    }

    [Fact]
    public void A_string_longer_than_a_short_string_is_never_written() =>
        Assert.Throws<ArgumentException>(() => Written(output => FrameWriter.WriteMethod(output, 1, new BasicConsumeOk(new string('x', 256)))));

    [Fact]
    public void A_delivery_allocates_nothing()
    {
        var output = new ArrayBufferWriter<byte>(64 * 1024);
        var body = new byte[1024];
        Deliver();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Deliver();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Deliver()
        {
            output.ResetWrittenCount();
            FrameWriter.WriteDelivery(output, 1, "consumer", 1, false, "exchange", "key", Properties, body, frameMax: 131072);
        }
    }

    [Fact]
    public void A_content_header_says_what_else_it_found()
    {
        var good = ContentHeader.Read(Convert.FromHexString("003c0000" + "0000000000000003" + "0000"));

        Assert.Equal(3UL, good.BodySize);
        Assert.Equal(2, good.Properties.Length);
        Assert.Equal(
            "UNEXPECTED_FRAME - expected content header for class 60, got one for class 50 instead",
            Assert.Throws<AmqpException>(() => ContentHeader.Read(Convert.FromHexString("00320000" + "0000000000000000" + "0000")).BodySize).Message);
        Assert.Equal(
            "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead",
            Assert.Throws<AmqpException>(() => ContentHeader.Read(Convert.FromHexString("003c0001" + "0000000000000000" + "0000")).BodySize).Message);
    }

    private static string Written(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return Convert.ToHexString(output.WrittenSpan);
    }
}
