using Warren.Broker.Diagnostics;

namespace Warren.Broker.Tests.Diagnostics;

public class RateWindowTests
{
    private readonly RateWindow _window = new();

    [Fact]
    public void The_first_look_has_no_rate() => Assert.Equal((0, 0, 0), _window.Rates(100, 10, 20, 30));

    [Fact]
    public void The_second_look_has_the_rate_since_the_first()
    {
        _window.Rates(100, 10, 20, 30);
        Assert.Equal((5, 10, 0), _window.Rates(102, 20, 40, 30));
    }

    [Fact]
    public void Two_looks_at_one_moment_do_not_divide_by_nothing()
    {
        _window.Rates(100, 10);
        Assert.Equal((0, 0, 0), _window.Rates(100, 20));
    }

    [Fact]
    public void With_a_look_each_second_the_rate_is_that_of_the_last_seconds()
    {
        // 100 a second for a minute, then nothing.
        var (at, count) = (0, 0L);
        for (; at < 60; at++)
            _window.Rates(at, count += 100);
        Assert.Equal(100, _window.Rates(at, count += 100).First);
        for (var i = 1; i <= 6; i++)
            _window.Rates(at + i, count);
        Assert.Equal(0, _window.Rates(at + 7, count).First);
    }

    [Fact]
    public void However_often_somebody_looks_the_rate_is_that_of_seconds()
    {
        // One message a second, and a hundred looks.
        for (var look = 0; look < 1000; look++)
            _window.Rates(look / 100.0, look / 100);
        Assert.InRange(_window.Rates(10, 10).First, 0.7, 1.3);
    }

    [Fact]
    public void With_rare_looks_the_rate_is_that_between_them()
    {
        _window.Rates(0, 0);
        _window.Rates(60, 60);
        Assert.Equal(10, _window.Rates(120, 660).First);
    }
}
