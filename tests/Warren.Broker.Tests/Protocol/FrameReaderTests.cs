using System.Buffers;
using Warren.Broker.Protocol;

namespace Warren.Broker.Tests.Protocol;

public sealed class FrameReaderTests
{
    private const int MaxFrameSize = 4096;

    // A method, a header, a body and a heartbeat.
    private static readonly byte[] Stream = Convert.FromHexString(
        "01000100000009" + "003c00500000000001" + "ce"
        + "0200010000000e" + "003c000000000000000000030000" + "ce"
        + "03000100000003" + "616263" + "ce"
        + "08000000000000" + "ce");

    private static readonly FrameType[] Types = [FrameType.Method, FrameType.Header, FrameType.Body, FrameType.Heartbeat];

    [Fact]
    public void Frames_are_cut_from_a_stream_split_anywhere()
    {
        for (var first = 0; first <= Stream.Length; first++)
        {
            for (var second = first; second <= Stream.Length; second++)
            {
                var buffer = Segments.Of(Stream.AsMemory(0, first), Stream.AsMemory(first, second - first), Stream.AsMemory(second));
                Assert.Equal(Types, ReadAll(ref buffer).Select(frame => frame.Type));
                Assert.Equal(0, buffer.Length);
            }
        }
    }

    [Fact]
    public void Frames_are_cut_from_segments_of_one_octet()
    {
        var buffer = Segments.Of(Stream, 1);

        var frames = ReadAll(ref buffer);

        Assert.Equal(Types, frames.Select(frame => frame.Type));
        Assert.Equal([1, 1, 1, 0], frames.Select(frame => (int)frame.Channel));
        Assert.Equal("abc"u8.ToArray(), frames[2].Payload.ToArray());
    }

    [Fact]
    public void A_frame_that_is_not_all_there_is_left_alone()
    {
        for (var length = 0; length < 17; length++)
        {
            var buffer = new ReadOnlySequence<byte>(Stream, 0, length);

            Assert.False(FrameReader.TryRead(ref buffer, MaxFrameSize, out _));
            Assert.Equal(length, buffer.Length);
        }
    }

    [Fact]
    public void A_frame_too_large_is_refused_before_its_octets_come() =>
        Assert.Equal(
            "FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,4097,4088}",
            Refusal(Convert.FromHexString("03000100001001")).Message);

    [Fact]
    public void The_largest_size_a_hostile_frame_can_claim_is_refused_even_without_a_limit()
    {
        var buffer = new ReadOnlySequence<byte>(Convert.FromHexString("030001ffffffff"));

        Assert.Throws<AmqpException>(() => FrameReader.TryRead(ref buffer, maxFrameSize: 0, out _));
    }

    [Fact]
    public void A_payload_as_large_as_the_whole_frame_may_be_is_let_through()
    {
        byte[] octets = [3, 0, 1, 0, 0, 0x10, 0, .. new byte[MaxFrameSize], 0xCE];
        var buffer = new ReadOnlySequence<byte>(octets);

        Assert.True(FrameReader.TryRead(ref buffer, MaxFrameSize, out var frame));
        Assert.Equal(MaxFrameSize, frame.Payload.Length);
    }

    [Theory]
    [InlineData("01000100000007" + "00000a00000000" + "cd", "type 1, all octets = <<0,0,10,0,0,0,0>>: {invalid_frame_end_marker,205}")]
    [InlineData("09000100000004000000ff" + "ce", "type 9, all octets = <<0,0,0,255>>: unknown_frame")]
    [InlineData("09000100000014000000000000000000000000000000ffffffffff" + "ce", "type 9, first 16 octets = <<0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,255>>: unknown_frame")]
    [InlineData("0800000000000178" + "ce", "type 8, all octets = <<\"x\">>: unknown_frame")]
    [InlineData("010001000000027879" + "ce", "type 1, all octets = <<\"xy\">>: unknown_frame")]
    [InlineData("0200010000000b225c0a1b090d0b080c20c8" + "ce", "type 2, all octets = <<\"\\\"\\\\\\n\\e\\t\\r\\v\\b\\f È\">>: unknown_frame")]
    public void A_frame_that_breaks_the_rules_is_refused_in_RabbitMQs_words(string octets, string expected)
    {
        var error = Refusal(Convert.FromHexString(octets));

        Assert.Equal("FRAME_ERROR - " + expected, error.Message);
        Assert.Equal((ReplyCode.FrameError, true), (error.Code, error.ClosesConnection));
    }

    [Fact]
    public void The_octet_after_the_payload_is_judged_where_segments_meet()
    {
        byte[] octets = [3, 0, 1, 0, 0, 0, 1, 0x41, 0xCD];
        for (var size = 1; size <= octets.Length; size++)
        {
            var buffer = Segments.Of(octets, size);
            Assert.Contains("invalid_frame_end_marker", Assert.Throws<AmqpException>(() => FrameReader.TryRead(ref buffer, MaxFrameSize, out _)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_frame_in_the_wrong_place_is_unexpected()
    {
        var frame = new Frame(FrameType.Heartbeat, 1, default);

        Assert.Equal("UNEXPECTED_FRAME - type 8, all octets = <<>>", frame.Unexpected().Message);
    }

    private static AmqpException Refusal(byte[] octets)
    {
        var buffer = new ReadOnlySequence<byte>(octets);
        return Assert.Throws<AmqpException>(() => FrameReader.TryRead(ref buffer, MaxFrameSize, out _));
    }

    private static List<Frame> ReadAll(ref ReadOnlySequence<byte> buffer)
    {
        var frames = new List<Frame>();
        while (FrameReader.TryRead(ref buffer, MaxFrameSize, out var frame))
            frames.Add(frame);
        return frames;
    }
}
