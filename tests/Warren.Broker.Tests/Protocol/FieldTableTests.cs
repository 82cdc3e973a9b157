using Warren.Broker.Protocol;

namespace Warren.Broker.Tests.Protocol;

public sealed class FieldTableTests
{
    // One field of every type RabbitMQ 3.10 reads: its letter, and a value.
    public static TheoryData<string, string> Types => new()
    {
        { "74" + "01", "true" },
        { "74" + "02", "true" },
        { "74" + "00", "false" },
        { "62" + "ff", "-1" },
        { "42" + "ff", "255" },
        { "73" + "fffe", "-2" },
        { "75" + "fffe", "65534" },
        { "49" + "fffffffd", "-3" },
        { "69" + "fffffffd", "4294967293" },
        { "6c" + "fffffffffffffffc", "-4" },
        { "4c" + "fffffffffffffffc", "-4" },
        { "66" + "3fc00000", "1.5" },
        { "64" + "3ff8000000000000", "1.5" },
        { "64" + "7ff8000000000001", "NaN" },
        { "44" + "02" + "0000007b", "123e-2" },
        { "53" + "00000002" + "6869", "hi" },
        { "53" + "00000002" + "fffe", "\uDCFF\uDCFE" },
        { "78" + "00000002" + "00ff", "00FF" },
        { "54" + "000000006553f100", "1700000000" },
        { "54" + "ffffffffffffffff", "18446744073709551615" },
        { "46" + "00000004" + "01617401", "{a: true}" },
        { "46" + "00000000", "{}" },
        { "41" + "00000007" + "7401" + "4900000005", "[true, 5]" },
        { "41" + "00000000", "[]" },
        { "41" + "00000009" + "46" + "00000004" + "01617401", "[{a: true}]" },
        { "56", "undefined" },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public void A_field_of_every_type_is_read_and_written_as_it_came(string field, string expected)
    {
        var octets = Convert.FromHexString("016e" + field);

        var table = FieldTable.Parse(octets);

        Assert.True(table.TryGetValue("n", out var value));
        Assert.Equal(expected, value.ToString());
        Assert.Equal(octets[2], (byte)value.Type);
        Assert.Equal([0, 0, 0, (byte)octets.Length, .. octets], table.Encode());
        Assert.Equal(octets.Length + 4, table.GetSize());
        Assert.True(FieldTableReader.IsWellFormed(octets));
        Assert.Equal(table, FieldTable.Parse(octets));
        Assert.Equal(table.GetHashCode(), FieldTable.Parse(octets).GetHashCode());
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_field_cut_short_anywhere_is_a_syntax_error(string field, string expected)
    {
        var octets = Convert.FromHexString("016e" + field);

        for (var length = 1; length < octets.Length; length++)
        {
            Assert.False(FieldTableReader.IsWellFormed(octets.AsSpan(0, length)), expected);
            Assert.Equal(ReplyCode.SyntaxError, Assert.Throws<AmqpException>(() => FieldTable.Parse(octets.AsSpan(0, length))).Code);
        }
    }

    [Fact]
    public void Every_other_letter_is_a_syntax_error()
    {
        for (var letter = 0; letter < 256; letter++)
        {
            byte[] octets = [1, (byte)'n', (byte)letter, 0, 0, 0, 0];
            if (FieldTableReader.FixedSizeOf((FieldType)letter) != FieldTableReader.Unknown)
                continue;
            Assert.False("tbBsuIilLfdDSxTFAV".Contains((char)letter, StringComparison.Ordinal));
            Assert.False(FieldTableReader.IsWellFormed(octets));
            Assert.Equal($"SYNTAX_ERROR - a field of a table has the unknown type {letter}", Assert.Throws<AmqpException>(() => FieldTable.Parse(octets)).Message);
        }
    }

    [Fact]
    public void A_length_beyond_any_memory_is_an_error_and_no_allocation()
    {
        byte[] octets = [1, (byte)'n', (byte)'S', 0xFF, 0xFF, 0xFF, 0xFF];

        Assert.False(FieldTableReader.IsWellFormed(octets));
        Assert.Throws<AmqpException>(() => FieldTable.Parse(octets));
    }

    [Theory]
    [InlineData(FieldTable.MaxDepth, true)]
    [InlineData(FieldTable.MaxDepth + 1, false)]
    [InlineData(10_000, false)]
    public void Tables_nest_to_a_limit(int depth, bool allowed)
    {
        byte[] octets = [];
        for (var i = 0; i < depth; i++)
            octets = [1, (byte)'t', (byte)'F', (byte)(octets.Length >> 24), (byte)(octets.Length >> 16), (byte)(octets.Length >> 8), (byte)octets.Length, .. octets];

        Assert.Equal(allowed, FieldTableReader.IsWellFormed(octets));
        if (allowed)
            Assert.Equal(octets, FieldTable.Parse(octets).Encode()[4..]);
        else
            Assert.Equal($"SYNTAX_ERROR - tables nested more than {FieldTable.MaxDepth} deep", Assert.Throws<AmqpException>(() => FieldTable.Parse(octets)).Message);
    }

    [Fact]
    public void Names_that_are_no_text_and_names_that_come_twice_are_kept()
    {
        byte[] octets = [2, 0xFF, (byte)'a', (byte)'V', 1, (byte)'b', (byte)'t', 1, 1, (byte)'b', (byte)'t', 0];

        var table = FieldTable.Parse(octets);

        Assert.Equal(octets, table.Encode()[4..]);
        Assert.True(table.TryGetBoolean("b", out var first) && first);
    }

    [Fact]
    public void Whole_numbers_of_every_width_are_numbers_and_nothing_else_is()
    {
        byte[] octets =
        [
            1, (byte)'a', (byte)'b', 5,
            1, (byte)'b', (byte)'l', 0, 0, 0, 0, 0, 0, 0, 6,
            1, (byte)'c', (byte)'S', 0, 0, 0, 1, (byte)'7',
            1, (byte)'d', (byte)'T', 0, 0, 0, 0, 0, 0, 0, 10,
        ];
        var table = FieldTable.Parse(octets);

        Assert.True(table.TryGetInteger("a", out var a));
        Assert.True(table.TryGetInteger("b", out var b));
        Assert.False(table.TryGetInteger("c", out _));
        Assert.False(table.TryGetInteger("d", out _));
        Assert.Equal((5L, 6L), (a, b));
        Assert.False(table.TryGetInteger("missing", out _));
        Assert.True(table.TryGetText("c", out var text));
        Assert.Equal("7", text);
        Assert.False(table.TryGetText("a", out _));
    }

    [Fact]
    public void A_large_table_finds_the_first_of_a_name()
    {
        var entries = Enumerable.Range(0, 40).Select(i => new FieldEntry($"n{i % 30}", i)).ToArray();
        var table = new FieldTable(entries);

        Assert.All(Enumerable.Range(0, 30), i => Assert.True(table.TryGetInteger($"n{i}", out var number) && number == i));
        Assert.False(table.Contains("n30"));
    }

    [Fact]
    public void A_changed_table_is_another_and_keeps_the_order()
    {
        var table = FieldTable.Of(("a", 1), ("b", "x"));

        var changed = table.With("a", 2).With("c", FieldValue.Void).Without("b");

        Assert.Equal("{a: 2, c: undefined}", changed.ToString());
        Assert.Equal("{a: 1, b: x}", table.ToString());
        Assert.Same(table, table.Without("z"));
    }

    [Fact]
    public void Sorting_makes_tables_of_other_orders_equal_and_keeps_doubles_in_order()
    {
        var one = FieldTable.Of(("b", 1), ("a", 2), ("a", 1));
        var other = FieldTable.Of(("a", 2), ("b", 1), ("a", 1));

        Assert.NotEqual(one, other);
        Assert.Equal(one.Sorted(), other.Sorted());
        Assert.Equal("{a: 2, a: 1, b: 1}", one.Sorted().ToString());
        Assert.NotEqual(one.Sorted(), FieldTable.Of(("a", 1), ("a", 2), ("b", 1)));
    }

    [Fact]
    public void Values_of_other_letters_are_not_the_same()
    {
        Assert.NotEqual(FieldTable.Of(("a", 1)), FieldTable.Of(("a", 1L)));
        Assert.NotEqual(FieldTable.Of(("a", "x")), FieldTable.Of(("a", FieldValue.Octets(FieldType.Binary, [(byte)'x']))));
        Assert.Equal(FieldTable.Of(("a", FieldValue.Array("x", 1))), FieldTable.Of(("a", FieldValue.Array("x", 1))));
        Assert.NotEqual(FieldTable.Of(("a", FieldValue.Array("x", 1))), FieldTable.Of(("a", FieldValue.Array("x", 2))));
    }
}
