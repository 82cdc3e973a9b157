using Warren.Broker.Protocol;
using Warren.Broker.Routing;

namespace Warren.Broker.Tests.Routing;

public sealed class HeadersExchangeTests
{
    private readonly Exchanges _exchanges = new();

    public HeadersExchangeTests() => _exchanges.Declare("headers", "x");

    [Theory]
    [InlineData(null)]
    [InlineData("all")]
    [InlineData("all-with-x")]
    public void All_wants_every_argument(string? match)
    {
        Bind("q", match, ("a", 1), ("b", "two"));

        Assert.Equal("q", Route(("b", "two"), ("c", true), ("a", 1)));
        Assert.Equal("", Route(("a", 1)));
        Assert.Equal("", Route(("a", 1), ("b", "three")));
        Assert.Equal("", Route());
    }

    [Theory]
    [InlineData("any")]
    [InlineData("any-with-x")]
    public void Any_wants_one_argument(string match)
    {
        Bind("q", match, ("a", 1), ("b", "two"));

        Assert.Equal("q", Route(("a", 1)));
        Assert.Equal("q", Route(("a", 2), ("b", "two")));
        Assert.Equal("", Route(("a", 2), ("b", "three")));
        Assert.Equal("", Route());
    }

    [Fact]
    public void Arguments_that_begin_with_x_count_only_where_asked()
    {
        Bind("all", "all", ("x-a", 1), ("b", 2));
        Bind("allx", "all-with-x", ("x-a", 1), ("b", 2));
        Bind("any", "any", ("x-a", 1), ("b", 2));
        Bind("anyx", "any-with-x", ("x-a", 1), ("b", 2));

        Assert.Equal("all any anyx", Route(("b", 2)));
        Assert.Equal("anyx", Route(("x-a", 1)));
        Assert.Equal("all allx any anyx", Route(("x-a", 1), ("b", 2)));
    }

    [Fact]
    public void No_arguments_fit_everything_under_all_and_nothing_under_any()
    {
        Bind("none", null);
        Bind("all", "all", ("x-only", 1));
        Bind("any", "any");

        Assert.Equal("all none", Route());
        Assert.Equal("all none", Route(("a", 1)));
    }

    [Fact]
    public void A_void_argument_wants_the_name_alone()
    {
        Bind("q", "all", ("a", FieldValue.Void));

        Assert.Equal("q", Route(("a", 5)));
        Assert.Equal("q", Route(("a", FieldValue.Void)));
        Assert.Equal("", Route(("b", 5)));
    }

    [Fact]
    public void A_void_header_is_no_value()
    {
        Bind("q", "all", ("a", "undefined"));

        Assert.Equal("", Route(("a", FieldValue.Void)));
    }

    public static TheoryData<string, string, bool> Pairs => new()
    {
        // Letter and octets of the argument, of the header, and whether RabbitMQ finds them equal.
        { "4900000005", "6c0000000000000005", true },
        { "4900000005", "6205", true },
        { "4900000005", "4205", true },
        { "4900000005", "730005", true },
        { "4900000005", "750005", true },
        { "4900000005", "6900000005", true },
        { "49ffffffff", "69ffffffff", false },
        { "4900000005", "4c0000000000000005", true },
        { "4900000005", "540000000000000005", true },
        { "54ffffffffffffffff", "6cffffffffffffffff", false },
        { "4900000005", "644014000000000000", true },
        { "4900000005", "6640a00000", true },
        { "4900000005", "644014000000000001", false },
        { "6c0020000000000001", "644340000000000000", false },
        { "663f800000", "643ff0000000000000", true },
        { "4900000001", "7401", false },
        { "4900000005", "5300000001" + "35", false },
        { "5300000001" + "35", "7800000001" + "35", true },
        { "5300000001" + "35", "5300000001" + "36", false },
        { "7401", "7402", true },
        { "7401", "7400", false },
        { "440200000005", "440200000005", true },
        { "440200000005", "440100000005", false },
        { "440000000005", "4900000005", false },
        { "4600000004" + "0161" + "6205", "4600000004" + "0161" + "6205", true },
        { "4600000004" + "0161" + "6205", "4600000004" + "0161" + "4205", false },
        { "460000000b" + "0161" + "6c0000000000000005", "460000000b" + "0161" + "4c0000000000000005", true },
        { "4600000004" + "0161" + "6205", "4600000004" + "0162" + "6205", false },
        { "4100000002" + "6205", "4100000002" + "6205", true },
        { "4100000002" + "6205", "4100000002" + "4205", false },
        { "4100000002" + "6205", "4100000004" + "62056205", false },
        { "4100000000", "4600000000", true },
        { "4100000002" + "6205", "4600000000", false },
        { "4100000002" + "6205", "4600000004" + "0161" + "6205", false },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Values_are_compared_by_what_they_are_in_Erlang(string argument, string header, bool equal)
    {
        var (left, right) = (Read(argument), Read(header));

        Assert.Equal(equal, HeaderValues.AreEqual(left, right));
        Assert.Equal(equal, HeaderValues.AreEqual(right, left));
        Bind("q", "all", ("a", left));
        Assert.Equal(equal ? "q" : "", Route(("a", right)));
    }

    [Theory]
    [InlineData("foo", "Invalid x-match field value <<\"foo\">>; expected all, any, all-with-x, or any-with-x")]
    [InlineData("All", "Invalid x-match field value <<\"All\">>; expected all, any, all-with-x, or any-with-x")]
    public void An_unknown_match_is_refused_in_RabbitMQs_words(string match, string expected)
    {
        var error = Assert.Throws<AmqpException>(() => Bind("q", match, ("a", 1)));

        Assert.Equal("PRECONDITION_FAILED - " + expected, error.Message);
        Assert.False(error.ClosesConnection);
        Assert.Empty(_exchanges.Queue("q").Incoming);
    }

    [Fact]
    public void A_match_that_is_no_text_is_refused_in_RabbitMQs_words()
    {
        string Refusal(FieldValue match) => Assert.Throws<AmqpException>(() => Bind("q", null, ("x-match", match))).Message;

        Assert.Equal("PRECONDITION_FAILED - Invalid x-match field type signedint (value 5); expected longstr", Refusal(5));
        Assert.Equal("PRECONDITION_FAILED - Invalid x-match field type bool (value true); expected longstr", Refusal(true));
        Assert.Equal("PRECONDITION_FAILED - Invalid x-match field type void (value undefined); expected longstr", Refusal(FieldValue.Void));
        Assert.Equal("PRECONDITION_FAILED - Invalid x-match field type double (value 1.0); expected longstr", Refusal(FieldValue.Double(1)));
        Assert.Equal("PRECONDITION_FAILED - Invalid x-match field type table (value [{<<\"a\">>,longstr,<<\"b\">>}]); expected longstr", Refusal(FieldTable.Of(("a", "b"))));
        Assert.Equal("PRECONDITION_FAILED - Invalid x-match field type array (value [{bool,true},{long,-1}]); expected longstr", Refusal(FieldValue.Array(true, -1L)));
    }

    [Fact]
    public void Headers_are_decoded_from_the_properties_only_when_asked()
    {
        var exchange = _exchanges.Declare("headers", "y");
        exchange.Bind(new Binding(exchange, _exchanges.Queue("q"), "", FieldTable.Of(("a", 1))));
        var message = new RoutedMessage("", FieldTable.Of(("b", 2), ("a", 1)).Encode());
        var destinations = new Destinations();

        exchange.Route(ref message, destinations);

        Assert.Equal("q", destinations.Queues[0].Name);
    }

    private static FieldValue Read(string value)
    {
        Assert.True(FieldTable.Parse([1, (byte)'a', .. Convert.FromHexString(value)]).TryGetValue("a", out var field));
        return field;
    }

    private void Bind(string queue, string? match, params (string, FieldValue)[] arguments) =>
        _exchanges.Bind("x", queue, "", match is null ? arguments : [("x-match", match), .. arguments]);

    private string Route(params ReadOnlySpan<(string, FieldValue)> headers) => _exchanges.Route("x", "any key", FieldTable.Of(headers));
}
