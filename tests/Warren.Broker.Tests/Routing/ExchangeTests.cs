using Warren.Broker.Protocol;
using Warren.Broker.Routing;

namespace Warren.Broker.Tests.Routing;

public sealed class ExchangeTests
{
    private readonly Exchanges _exchanges = new();

    [Fact]
    public void A_direct_exchange_routes_to_exactly_the_key()
    {
        _exchanges.Declare("direct", "x");
        _exchanges.Bind("x", "a", "key");
        _exchanges.Bind("x", "b", "key");
        _exchanges.Bind("x", "c", "Key");
        _exchanges.Bind("x", "d", "");

        Assert.Equal("a b", _exchanges.Route("x", "key"));
        Assert.Equal("d", _exchanges.Route("x", ""));
        Assert.Equal("", _exchanges.Route("x", "key."));
    }

    [Fact]
    public void A_fanout_exchange_routes_to_all_whatever_the_key()
    {
        _exchanges.Declare("fanout", "x");
        _exchanges.Bind("x", "a", "one");
        _exchanges.Bind("x", "b", "");

        Assert.Equal("a b", _exchanges.Route("x", "two"));
    }

    [Fact]
    public void A_default_exchange_routes_to_the_queue_of_the_name()
    {
        _exchanges.Queue("jobs");
        var exchange = new DefaultExchange(_exchanges.FindQueue);

        Assert.Equal("jobs", _exchanges.Route(exchange, "jobs"));
        Assert.Equal("", _exchanges.Route(exchange, "other"));
        Assert.Throws<InvalidOperationException>(() => exchange.Bind(new Binding(exchange, _exchanges.Queue("jobs"), "k", FieldTable.Empty)));
        Assert.False(exchange.HasBindings);
    }

    [Theory]
    [InlineData("direct")]
    [InlineData("fanout")]
    [InlineData("topic")]
    [InlineData("headers")]
    public void A_queue_bound_in_several_ways_gets_a_message_once(string type)
    {
        _exchanges.Declare(type, "x");
        _exchanges.Bind("x", "a", "key");
        _exchanges.Bind("x", "a", "key", ("argument", FieldValue.Void), ("x-match", "any"));
        _exchanges.Bind("x", "a", "other");

        Assert.Equal("a", _exchanges.Route("x", "key", FieldTable.Of(("argument", 1)), "other", "key"));
    }

    [Theory]
    [InlineData("direct")]
    [InlineData("fanout")]
    [InlineData("topic")]
    [InlineData("headers")]
    public void A_binding_with_other_arguments_is_another_and_goes_alone(string type)
    {
        var exchange = _exchanges.Declare(type, "x");
        var plain = _exchanges.Bind("x", "a", "key");
        var other = _exchanges.Bind("x", "a", "key", ("argument", 1));

        Assert.True(exchange.Unbind(plain));
        Assert.Equal("a", _exchanges.Route("x", "key", FieldTable.Of(("argument", 1))));
        Assert.False(exchange.Unbind(plain));

        Assert.True(exchange.Unbind(other));
        Assert.Equal("", _exchanges.Route("x", "key", FieldTable.Of(("argument", 1))));
        Assert.False(exchange.HasBindings);
        Assert.Empty(_exchanges.Queue("a").Incoming);
    }

    [Theory]
    [InlineData("direct")]
    [InlineData("fanout")]
    [InlineData("topic")]
    [InlineData("headers")]
    public void Binding_twice_binds_once(string type)
    {
        var exchange = _exchanges.Declare(type, "x");
        var binding = _exchanges.Bind("x", "a", "key", ("one", 1), ("two", 2));

        Assert.False(exchange.Bind(new Binding(exchange, _exchanges.Queue("a"), "key", FieldTable.Of(("two", 2), ("one", 1)))));
        Assert.True(exchange.Bind(new Binding(exchange, _exchanges.Queue("a"), "key", FieldTable.Of(("two", 2L), ("one", 1)))));

        Assert.Equal(2, exchange.Bindings.Count);
        Assert.True(exchange.Unbind(binding));
        Assert.Single(exchange.Bindings);
    }

    [Fact]
    public void A_deleted_queue_takes_its_bindings_from_every_exchange()
    {
        string[] types = ["direct", "fanout", "topic", "headers"];
        foreach (var type in types)
        {
            _exchanges.Declare(type, type);
            _exchanges.Bind(type, "gone", "key");
            _exchanges.Bind(type, "stays", "key");
        }

        var removed = Binding.RemoveAllTo(_exchanges.Queue("gone"));

        Assert.Equal(types.Order(), removed.Select(binding => binding.Source.Name).Order());
        Assert.All(types, type => Assert.Equal("stays", _exchanges.Route(type, "key")));
        Assert.Empty(_exchanges.Queue("gone").Incoming);
    }

    [Fact]
    public void A_deleted_exchange_takes_the_bindings_from_it_and_to_it()
    {
        var first = _exchanges.Declare("fanout", "first");
        var second = _exchanges.Declare("fanout", "second");
        _exchanges.BindExchange("first", "second", "");
        _exchanges.Bind("second", "a", "");

        Assert.Single(second.UnbindAll());
        Assert.Single(Binding.RemoveAllTo(second));

        Assert.False(first.HasBindings || second.HasBindings);
        Assert.Empty(_exchanges.Queue("a").Incoming);
    }

    [Theory]
    [InlineData("direct")]
    [InlineData("fanout")]
    [InlineData("topic")]
    [InlineData("headers")]
    public void Bindings_come_and_go_in_any_order(string type)
    {
        var random = new Random(5);
        var exchange = _exchanges.Declare(type, "x");
        var bound = new HashSet<string>();
        for (var round = 0; round < 3000; round++)
        {
            var name = $"q{random.Next(40)}";
            var binding = new Binding(exchange, _exchanges.Queue(name), "key", FieldTable.Empty);
            if (random.Next(2) == 0)
                Assert.Equal(bound.Add(name), exchange.Bind(binding));
            else
                Assert.Equal(bound.Remove(name), exchange.Unbind(binding));
            Assert.Equal(string.Join(' ', bound.Order(StringComparer.Ordinal)), _exchanges.Route("x", "key"));
        }
    }

    [Fact]
    public void An_unknown_type_makes_no_exchange() =>
        Assert.Null(Exchange.Create("x-random", new ExchangeSettings("x", false, false, false, FieldTable.Empty)));

    [Fact]
    public void Carbon_copies_are_further_keys()
    {
        var headers = FieldTable.Of(("CC", FieldValue.Array("a", 1, "b")), ("BCC", FieldValue.Array("c")));

        Assert.Equal(["a", "b", "c"], CarbonCopies.KeysOf(headers));
        Assert.Empty(CarbonCopies.KeysOf(FieldTable.Of(("cc", "a"))));
        Assert.Equal(
            "PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,\"BCC\",longstr}",
            Assert.Throws<AmqpException>(() => CarbonCopies.KeysOf(FieldTable.Of(("BCC", "a")))).Message);
    }

    [Theory]
    [InlineData("direct")]
    [InlineData("topic")]
    public void A_message_with_further_keys_is_routed_by_all_of_them(string type)
    {
        _exchanges.Declare(type, "x");
        _exchanges.Bind("x", "a", "one");
        _exchanges.Bind("x", "b", "two");
        _exchanges.Bind("x", "c", "three");

        Assert.Equal("a b", _exchanges.Route("x", "one", null, "two", "four"));
    }
}
