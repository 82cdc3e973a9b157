using System.Text;
using Warren.Broker.Protocol;

namespace Warren.Broker.Tests.Protocol;

public sealed class WireTextTests
{
    [Theory]
    [InlineData("")]
    [InlineData("orders.eu")]
    [InlineData("Grüße, 世界, 🐇")]
    public void Text_is_text(string text)
    {
        var octets = Encoding.UTF8.GetBytes(text);

        Assert.Equal(text, WireText.Decode(octets));
        Assert.Equal(octets, Encode(text));
    }

    [Theory]
    [InlineData("ff")]
    [InlineData("61ff62")]
    [InlineData("c3")]
    [InlineData("e28261")]
    [InlineData("eda080")]
    [InlineData("edb3bf")]
    [InlineData("f0908080ff80c3bc")]
    [InlineData("f4908080")]
    public void Octets_that_are_no_text_come_back_as_they_were(string hex)
    {
        var octets = Convert.FromHexString(hex);

        Assert.Equal(octets, Encode(WireText.Decode(octets)));
    }

    [Fact]
    public void Any_octets_come_back_as_they_were_and_differ_where_they_differ()
    {
        var random = new Random(91);
        var seen = new Dictionary<string, string>();
        for (var round = 0; round < 20_000; round++)
        {
            var octets = new byte[random.Next(6)];
            random.NextBytes(octets);
            var text = WireText.Decode(octets);
            Assert.Equal(octets, Encode(text));
            Assert.Equal(Convert.ToHexString(octets), seen.GetValueOrDefault(text, Convert.ToHexString(octets)));
            seen[text] = Convert.ToHexString(octets);
        }
    }

    [Fact]
    public void A_surrogate_that_stands_for_nothing_is_written_as_the_replacement_character() =>
        Assert.Equal(Encoding.UTF8.GetBytes("a\uFFFDb\uFFFD"), Encode("a\uD800b\uDC00"));

    private static byte[] Encode(string text)
    {
        var octets = new byte[WireText.GetSize(text)];
        Assert.Equal(octets.Length, WireText.Encode(text, octets));
        return octets;
    }
}
