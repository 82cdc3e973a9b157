using Warren.Messaging.Consumers;

namespace Warren.Messaging.Tests.Consumers;

public class PrefetchTunerTests
{
    private static readonly TimeSpan Fast = TimeSpan.FromMicroseconds(10);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(200);

    [Fact]
    public void It_begins_with_as_many_as_there_are_slots()
    {
        var tuner = new PrefetchTuner(concurrency: 8, wanted: null);

        Assert.Equal(8, tuner.Apply());
        Assert.False(tuner.ShouldGrow);
        Assert.False(tuner.ShouldShrink);
    }

    [Fact]
    public void A_few_fast_handlers_prove_nothing_and_many_do()
    {
        var tuner = new PrefetchTuner(concurrency: 1, wanted: null);

        Observe(tuner, Fast, 31);
        Assert.False(tuner.ShouldGrow);
        Observe(tuner, Fast, 1);

        Assert.True(tuner.ShouldGrow);
        Assert.Equal(PrefetchTuner.Most, tuner.Apply());
        Assert.False(tuner.ShouldGrow);
    }

    [Fact]
    public void Handlers_of_a_millisecond_get_what_they_use_up_in_a_moment()
    {
        var tuner = new PrefetchTuner(concurrency: 2, wanted: null);

        Observe(tuner, TimeSpan.FromMilliseconds(1), 100);

        Assert.InRange(tuner.Apply(), 90, 110);
    }

    [Fact]
    public void Slow_handlers_get_one_for_each_slot_and_no_more()
    {
        var tuner = new PrefetchTuner(concurrency: 4, wanted: null);

        Observe(tuner, Slow, 100);

        Assert.False(tuner.ShouldGrow);
        Assert.Equal(4, tuner.Apply());
    }

    [Fact]
    public void Handlers_that_become_slow_shrink_it()
    {
        var tuner = new PrefetchTuner(concurrency: 4, wanted: null);
        Observe(tuner, Fast, 100);
        Assert.Equal(PrefetchTuner.Most, tuner.Apply());

        Observe(tuner, Slow, 50);

        Assert.True(tuner.ShouldShrink);
        Assert.Equal(4, tuner.Apply());
    }

    [Fact]
    public void One_very_slow_handler_shrinks_it_at_once()
    {
        var tuner = new PrefetchTuner(concurrency: 1, wanted: null);
        Observe(tuner, Fast, 100);
        tuner.Apply();

        Observe(tuner, TimeSpan.FromSeconds(5), 1);

        Assert.True(tuner.ShouldShrink);
        Assert.Equal(1, tuner.Apply());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(65535)]
    public void A_fixed_number_stays(int wanted)
    {
        var tuner = new PrefetchTuner(concurrency: 4, wanted);

        Observe(tuner, Fast, 1000);
        Observe(tuner, TimeSpan.FromSeconds(5), 10);

        Assert.False(tuner.ShouldGrow);
        Assert.False(tuner.ShouldShrink);
        Assert.Equal(wanted, tuner.Apply());
    }

    [Fact]
    public void More_slots_than_the_most_are_all_fed()
    {
        var tuner = new PrefetchTuner(concurrency: 5000, wanted: null);

        Observe(tuner, Fast, 100);

        Assert.Equal(5000, tuner.Apply());
    }

    private static void Observe(PrefetchTuner tuner, TimeSpan took, int times)
    {
        for (var i = 0; i < times; i++)
            tuner.Observe(took);
    }
}
