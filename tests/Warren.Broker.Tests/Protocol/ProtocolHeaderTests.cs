using Warren.Broker.Protocol;

namespace Warren.Broker.Tests.Protocol;

public sealed class ProtocolHeaderTests
{
    [Theory]
    [InlineData("414d515000000901")]
    [InlineData("414d515001010009")]
    public void A_header_that_is_served_is_taken_once_all_of_it_is_there(string header)
    {
        var octets = Convert.FromHexString(header + "ff");
        for (var length = 0; length < 8; length++)
        {
            var part = Segments.Of(octets.AsMemory(0, length), 3);
            Assert.False(ProtocolHeader.TryRead(ref part, out _));
            Assert.Equal(length, part.Length);
        }

        var buffer = Segments.Of(octets, 3);
        Assert.True(ProtocolHeader.TryRead(ref buffer, out var supported));
        Assert.True(supported);
        Assert.Equal(1, buffer.Length);
    }

    [Theory]
    [InlineData("G", 1)]
    [InlineData("AMQQ", 4)]
    [InlineData("AMQP\0\0\u0009\0", 8)]
    [InlineData("AMQP\0\u0001\0\0", 6)]
    [InlineData("AMQP\u0003\u0001\0\0", 5)]
    [InlineData("AMQP\u0001\u0001\u0008\0", 7)]
    public void A_wrong_header_is_refused_at_its_first_wrong_octet(string text, int wrongAt)
    {
        var octets = System.Text.Encoding.Latin1.GetBytes(text);
        var before = Segments.Of(octets.AsMemory(0, wrongAt - 1));
        var buffer = Segments.Of(octets.AsMemory(0, wrongAt));

        Assert.False(ProtocolHeader.TryRead(ref before, out _));
        Assert.True(ProtocolHeader.TryRead(ref buffer, out var supported));
        Assert.False(supported);
    }

    [Fact]
    public void The_answer_to_a_wrong_header_is_the_protocol_that_is_spoken() =>
        Assert.Equal(Convert.FromHexString("414d515000000901"), ProtocolHeader.Bytes.ToArray());
}
