using System.Text;
using Warren.Broker.Protocol;

namespace Warren.Broker.Tests.Protocol;

public sealed class BasicPropertiesTests
{
    // Written by pamqp 3.2.1, but for the cluster id at the end, which it refuses.
    private const string All =
        "fffc106170706c69636174696f6e2f6a736f6e04677a69700000000c016e620101735300000001780205026331017205363030303002"
        + "6d31000000006553f100017405677565737403617070" + "02636c";

    private const string Few = "108001016d";

    [Fact]
    public void Every_property_is_seen_where_it_stands()
    {
        var encoded = Convert.FromHexString(All);

        Assert.True(BasicPropertiesView.TryParse(encoded, out var view));

        Assert.Equal("application/json", Text(view.ContentType));
        Assert.Equal("gzip", Text(view.ContentEncoding));
        Assert.Equal("{n: 1, s: x}", view.ReadHeaders().ToString());
        Assert.Equal(view.ReadHeaders().Encode(), view.Headers.ToArray());
        Assert.Equal((byte)2, view.DeliveryMode);
        Assert.Equal((byte)5, view.Priority);
        Assert.Equal("c1", Text(view.CorrelationId));
        Assert.Equal("r", Text(view.ReplyTo));
        Assert.Equal("60000", Text(view.Expiration));
        Assert.Equal("m1", Text(view.MessageId));
        Assert.Equal(1_700_000_000UL, view.Timestamp);
        Assert.Equal("t", Text(view.Type));
        Assert.Equal("guest", Text(view.UserId));
        Assert.Equal("app", Text(view.AppId));
        Assert.Equal("cl", Text(view.ClusterId));
        Assert.True(view.Encoded.SequenceEqual(encoded));
    }

    [Fact]
    public void Absent_properties_are_absent()
    {
        Assert.True(BasicPropertiesView.TryParse(Convert.FromHexString(Few), out var view));

        Assert.Equal(BasicPropertyFlags.DeliveryMode | BasicPropertyFlags.MessageId, view.Flags);
        Assert.Equal((byte)1, view.DeliveryMode);
        Assert.Equal("m", Text(view.MessageId));
        Assert.False(view.Has(BasicPropertyFlags.Expiration));
        Assert.True(view.Expiration.IsEmpty && view.Headers.IsEmpty && view.ReadHeaders().Count == 0);
        Assert.Null(view.Priority);
        Assert.Null(view.Timestamp);
    }

    [Fact]
    public void Every_property_alone_is_read_and_written_as_it_came()
    {
        for (var bit = 2; bit < 16; bit++)
        {
            var flag = (BasicPropertyFlags)(1 << bit);
            byte[] value = flag switch
            {
                BasicPropertyFlags.Headers => [0, 0, 0, 3, 1, (byte)'a', (byte)'V'],
                BasicPropertyFlags.DeliveryMode or BasicPropertyFlags.Priority => [1],
                BasicPropertyFlags.Timestamp => [0, 0, 0, 0, 0, 0, 0, 1],
                _ => [2, 0xFF, (byte)'x'],
            };
            byte[] encoded = [(byte)(1 << bit >> 8), (byte)(1 << bit), .. value];

            Assert.Equal(encoded, BasicProperties.Decode(encoded).Encode());
            Assert.Equal(flag, BasicPropertiesView.Parse(encoded).Flags);
        }
    }

    [Theory]
    [InlineData(All)]
    [InlineData(Few)]
    [InlineData("0000")]
    [InlineData("010000")]
    public void Unchanged_properties_are_encoded_to_the_octets_they_came_from(string encoded) =>
        Assert.Equal(Convert.FromHexString(encoded), BasicProperties.Decode(Convert.FromHexString(encoded)).Encode());

    [Fact]
    public void Changed_properties_are_encoded_as_they_are_now()
    {
        var properties = BasicProperties.Decode(Convert.FromHexString(All));

        properties.Expiration = null;
        properties.Headers = properties.Headers!.With("x-death", FieldValue.Array(FieldTable.Of(("count", 1L))));
        var again = BasicProperties.Decode(properties.Encode());

        Assert.Null(again.Expiration);
        Assert.Equal("{n: 1, s: x, x-death: [{count: 1}]}", again.Headers!.ToString());
        Assert.Equal(("m1", "cl"), (again.MessageId, again.ClusterId));
    }

    [Theory]
    [InlineData(All)]
    [InlineData(Few)]
    public void Properties_cut_short_anywhere_or_followed_by_an_octet_are_malformed(string text)
    {
        var encoded = Convert.FromHexString(text);

        for (var length = 0; length < encoded.Length; length++)
            Assert.False(BasicPropertiesView.TryParse(encoded.AsSpan(0, length), out _));
        Assert.False(BasicPropertiesView.TryParse([.. encoded, 0], out _));
    }

    [Theory]
    [InlineData("8000056162", "a text longer than what is there")]
    [InlineData("200000000003" + "01615a", "a header of an unknown type")]
    [InlineData("2000ffffffff", "headers of a hostile size")]
    [InlineData("2000000000", "half a size of headers")]
    [InlineData("00010000", "further flags")]
    [InlineData("", "nothing at all")]
    public void Malformed_properties_are_an_internal_error_as_in_RabbitMQ(string encoded, string reason)
    {
        var error = Assert.Throws<AmqpException>(() => BasicProperties.Decode(Convert.FromHexString(encoded)));

        Assert.True(error is { Code: ReplyCode.InternalError, ClosesConnection: true, Message: "INTERNAL_ERROR" }, reason);
    }

    [Theory]
    [InlineData("0001")]
    [InlineData("0002")]
    public void The_two_unused_bits_are_ignored(string encoded)
    {
        Assert.True(BasicPropertiesView.TryParse(Convert.FromHexString(encoded), out var view));
        Assert.Equal(BasicPropertyFlags.None, view.Flags);
    }

    [Fact]
    public void Looking_at_properties_allocates_nothing()
    {
        var encoded = Convert.FromHexString(All);
        Look(encoded);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Look(encoded);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Look(byte[] encoded)
        {
            if (BasicPropertiesView.Parse(encoded) is not { DeliveryMode: 2, ReplyTo.Length: 1, Headers.Length: 16 })
                throw new InvalidOperationException("other properties than were given");
        }
    }

    private static string Text(ReadOnlySpan<byte> octets) => Encoding.UTF8.GetString(octets);
}
