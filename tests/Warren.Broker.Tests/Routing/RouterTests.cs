using Warren.Broker.Routing;

namespace Warren.Broker.Tests.Routing;

public sealed class RouterTests
{
    private readonly Exchanges _exchanges = new();

    [Fact]
    public void A_message_goes_on_from_exchange_to_exchange()
    {
        _exchanges.Declare("topic", "first");
        _exchanges.Declare("direct", "second");
        _exchanges.BindExchange("first", "second", "a.#");
        _exchanges.Bind("second", "q", "a.b");

        Assert.Equal("q", _exchanges.Route("first", "a.b"));
        Assert.Equal("", _exchanges.Route("first", "a.c"));
        Assert.Equal("", _exchanges.Route("first", "b"));
    }

    [Fact]
    public void Circles_of_exchanges_end_and_every_queue_is_found_once()
    {
        _exchanges.Declare("fanout", "a");
        _exchanges.Declare("fanout", "b");
        _exchanges.Declare("fanout", "c");
        _exchanges.BindExchange("a", "b", "");
        _exchanges.BindExchange("b", "c", "");
        _exchanges.BindExchange("c", "a", "");
        _exchanges.BindExchange("c", "c", "");
        _exchanges.Bind("a", "shared", "");
        _exchanges.Bind("b", "own", "");
        _exchanges.Bind("c", "shared", "");

        Assert.Equal("own shared", _exchanges.Route("a", ""));
        Assert.Equal("own shared", _exchanges.Route("c", ""));
    }

    [Fact]
    public void A_message_no_binding_takes_goes_to_the_alternate_exchange_and_to_its_alternate()
    {
        _exchanges.Declare("direct", "x", ("alternate-exchange", "y"));
        _exchanges.Declare("direct", "y", ("alternate-exchange", "z"));
        _exchanges.Declare("fanout", "z");
        _exchanges.Bind("x", "a", "x");
        _exchanges.Bind("y", "b", "y");
        _exchanges.Bind("z", "c", "");

        Assert.Equal("a", _exchanges.Route("x", "x"));
        Assert.Equal("b", _exchanges.Route("x", "y"));
        Assert.Equal("c", _exchanges.Route("x", "z"));
    }

    [Fact]
    public void An_alternate_exchange_that_is_missing_or_closes_a_circle_leaves_a_message_unrouted()
    {
        _exchanges.Declare("direct", "x", ("alternate-exchange", "nowhere"));
        _exchanges.Declare("direct", "y", ("alternate-exchange", "z"));
        _exchanges.Declare("direct", "z", ("alternate-exchange", "y"));

        Assert.Equal("", _exchanges.Route("x", "k"));
        Assert.Equal("", _exchanges.Route("y", "k"));
    }

    [Fact]
    public void The_default_exchange_takes_nothing_as_an_alternate()
    {
        _exchanges.Add(new DefaultExchange(_exchanges.FindQueue));
        _exchanges.Declare("direct", "x", ("alternate-exchange", ""));
        _exchanges.Queue("q");

        Assert.Equal("q", _exchanges.Route("", "q"));
        Assert.Equal("", _exchanges.Route("x", "q"));
    }

    [Fact]
    public void A_binding_to_an_exchange_that_leads_nowhere_still_counts()
    {
        _exchanges.Declare("direct", "x", ("alternate-exchange", "rest"));
        _exchanges.Declare("direct", "empty");
        _exchanges.Declare("fanout", "rest");
        _exchanges.BindExchange("x", "empty", "k");
        _exchanges.BindExchange("x", "x", "self");
        _exchanges.Bind("rest", "q", "");

        Assert.Equal("", _exchanges.Route("x", "k"));
        Assert.Equal("", _exchanges.Route("x", "self"));
        Assert.Equal("q", _exchanges.Route("x", "other"));
    }

    [Fact]
    public void An_exchange_on_the_way_has_its_own_alternate()
    {
        _exchanges.Declare("fanout", "x");
        _exchanges.Declare("direct", "y", ("alternate-exchange", "rest"));
        _exchanges.Declare("fanout", "rest");
        _exchanges.BindExchange("x", "y", "");
        _exchanges.Bind("x", "a", "");
        _exchanges.Bind("y", "b", "k");
        _exchanges.Bind("rest", "c", "");

        Assert.Equal("a b", _exchanges.Route("x", "k"));
        Assert.Equal("a c", _exchanges.Route("x", "other"));
    }

    [Fact]
    public void Queues_by_the_hundred_are_found_once_from_two_exchanges()
    {
        _exchanges.Declare("fanout", "x");
        _exchanges.Declare("fanout", "y");
        _exchanges.BindExchange("x", "y", "");
        for (var i = 0; i < 200; i++)
        {
            _exchanges.Bind(i % 2 == 0 ? "x" : "y", $"q{i}", "");
            _exchanges.Bind("y", $"q{i}", "again");
        }

        Assert.Equal(200, _exchanges.Route("x", "").Split(' ').Distinct().Count());
        Assert.Equal(200, _exchanges.Route("x", "").Split(' ').Length);
    }

    [Fact]
    public void A_chain_of_a_thousand_exchanges_is_walked()
    {
        _exchanges.Declare("fanout", "x0");
        for (var i = 1; i < 1000; i++)
        {
            _exchanges.Declare("fanout", $"x{i}");
            _exchanges.BindExchange($"x{i - 1}", $"x{i}", "");
        }

        _exchanges.Bind("x999", "end", "");

        Assert.Equal("end", _exchanges.Route("x0", ""));
    }
}
