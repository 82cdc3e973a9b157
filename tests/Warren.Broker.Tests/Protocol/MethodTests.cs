using System.Buffers;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Tests.Protocol;

public sealed partial class MethodTests
{
    public static TheoryData<int> Cases => new(Enumerable.Range(0, Golden.Length));

    [Fact]
    public void Every_method_has_a_golden_payload()
    {
        var missing = Enum.GetValues<MethodId>().Except(Golden.Select(method => method.Id));

        Assert.Equal([MethodId.BasicPublish], missing);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_method_is_written_and_read_as_its_golden_octets(int index)
    {
        var method = Golden[index];

        Assert.Equal(Convert.ToHexString(method.Payload), Convert.ToHexString(method.Write()));
        Assert.Equal(method.Id, AmqpMethod.ReadId(method.Payload, out var arguments));
        Assert.Equal(Convert.ToHexString(method.Payload), Convert.ToHexString(method.ReadAndWrite(arguments)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Arguments_cut_short_anywhere_or_followed_by_an_octet_are_an_error(int index)
    {
        var method = Golden[index];
        var arguments = method.Payload.AsSpan(4).ToArray();

        for (var length = 0; length < arguments.Length; length++)
        {
            var error = Assert.Throws<AmqpException>(() => method.ReadAndWrite(arguments.AsSpan(0, length)));
            Assert.Equal((ReplyCode.FrameError, true), (error.Code, error.ClosesConnection));
        }

        Assert.StartsWith("FRAME_ERROR - cannot decode <<", Assert.Throws<AmqpException>(() => method.ReadAndWrite([.. arguments, 0])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_publish_leaves_its_strings_in_the_buffer()
    {
        byte[] payload = Convert.FromHexString("003c0028" + "0000" + "046c6f6773" + "036b6579" + "01");

        Assert.Equal(MethodId.BasicPublish, AmqpMethod.ReadId(payload, out var arguments));
        var publish = AmqpMethod.Read<BasicPublish>(arguments);

        Assert.True(publish.Exchange.SequenceEqual("logs"u8) && publish.Exchange.Overlaps(payload, out _));
        Assert.True(publish.RoutingKey.SequenceEqual("key"u8));
        Assert.True(publish.Mandatory);
        Assert.False(publish.Immediate);

        var output = new ArrayBufferWriter<byte>();
        FrameWriter.WriteMethod(output, channel: 1, publish);
        Assert.Equal([1, 0, 1, 0, 0, 0, (byte)payload.Length, .. payload, 0xCE], output.WrittenSpan.ToArray());
        for (var length = 0; length < arguments.Length; length++)
        {
            var cut = arguments[..length].ToArray();
            Assert.Throws<AmqpException>(() => Read(cut));
        }

        static void Read(byte[] arguments) => AmqpMethod.Read<BasicPublish>(arguments);
    }

    [Fact]
    public void The_bits_of_a_declaration_are_told_apart()
    {
        for (var bit = 0; bit < 5; bit++)
        {
            byte[] arguments = [0, 0, 1, (byte)'q', (byte)(1 << bit), 0, 0, 0, 0];

            var declare = AmqpMethod.Read<QueueDeclare>(arguments);

            Assert.Equal([bit == 0, bit == 1, bit == 2, bit == 3, bit == 4], [declare.Passive, declare.Durable, declare.Exclusive, declare.AutoDelete, declare.NoWait]);
        }
    }

    [Fact]
    public void A_method_nobody_knows_is_not_implemented()
    {
        byte[] payload = [0, 60, 0, 99];

        var error = Assert.Throws<AmqpException>(() => AmqpMethod.ReadId(payload, out _));

        Assert.Equal("NOT_IMPLEMENTED - method 99 of class 60", error.Message);
    }

    [Fact]
    public void A_name_that_is_no_text_is_refused_in_RabbitMQs_words()
    {
        byte[] arguments = [0, 0, 2, 0xFF, 0xFE, 0, 0, 0, 0, 0];

        var error = Assert.Throws<AmqpException>(() => AmqpMethod.Read<QueueDeclare>(arguments));

        Assert.Equal("FRAME_ERROR - Malformed UTF-8 in shortstr", error.Message);
    }

    [Fact]
    public void An_error_prints_the_arguments_and_fits_a_short_string()
    {
        var few = Assert.Throws<AmqpException>(() => AmqpMethod.Read<BasicQos>([0, 0]));
        var many = Assert.Throws<AmqpException>(() => AmqpMethod.Read<BasicQos>(new byte[200]));

        Assert.Equal("FRAME_ERROR - cannot decode <<0,0>>", few.Message);
        Assert.Equal("FRAME_ERROR - cannot decode <<" + string.Concat(Enumerable.Repeat("0,", 111)) + "...", many.Message);
        Assert.Equal(255, many.Message.Length);
    }

    [Fact]
    public void Methods_are_named_as_in_the_specification() =>
        Assert.Equal(
            ["basic.publish", "queue.declare_ok", "connection.update_secret", "tx.select"],
            [AmqpMethod.NameOf(MethodId.BasicPublish), AmqpMethod.NameOf(MethodId.QueueDeclareOk), AmqpMethod.NameOf(MethodId.ConnectionUpdateSecret), AmqpMethod.NameOf(MethodId.TxSelect)]);
}
