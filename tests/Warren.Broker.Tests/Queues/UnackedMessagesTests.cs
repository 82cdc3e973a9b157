using Warren.Broker.Queues;

namespace Warren.Broker.Tests.Queues;

public class UnackedMessagesTests
{
    [Fact]
    public void Any_order_of_settling_leaves_what_is_open_and_its_order()
    {
        var random = new Random(20261122);
        var unacked = new UnackedMessages();
        var expected = new SortedDictionary<ulong, QueuedMessage>();
        for (var step = 0; step < 100_000; step++)
        {
            switch (random.Next(10))
            {
                case < 4:
                    var message = new QueuedMessage(null!, null!, step);
                    expected.Add(unacked.Add(message), message);
                    break;
                case < 5:
                    unacked.Skip();
                    break;
                case < 9 when expected.Count > 0:
                    var tag = expected.Keys.ElementAt(random.Next(expected.Count));
                    Assert.Same(expected[tag], unacked.Take(tag));
                    Assert.Null(unacked.Take(tag));
                    expected.Remove(tag);
                    break;
                case 9 when expected.Count > 40:
                    var last = expected.Keys.ElementAt(random.Next(20));
                    var taken = new List<QueuedMessage>();
                    Assert.Equal(expected.Keys.TakeWhile(open => open <= last), unacked.OpenUpTo(last));
                    unacked.TakeUpTo(last, taken);
                    Assert.Equal(expected.Where(open => open.Key <= last).Select(open => open.Value), taken);
                    foreach (var open in expected.Keys.TakeWhile(open => open <= last).ToArray())
                        expected.Remove(open);
                    break;
            }

            Assert.Equal(expected.Count, unacked.Count);
        }

        Assert.Equal(expected.Keys, unacked.OpenUpTo(0));
        Assert.All(expected.Keys, open => Assert.True(unacked.IsOpen(open)));
    }

    [Fact]
    public void One_that_is_never_settled_makes_those_after_it_take_no_room()
    {
        var unacked = new UnackedMessages();
        unacked.Add(new(null!, null!, 0));

        for (var i = 1; i <= 1_000_000; i++)
        {
            unacked.Skip();
            unacked.Take(unacked.Add(new(null!, null!, i)));
        }

        Assert.InRange(unacked.Places, 1, 100);
        Assert.Equal([1ul], unacked.OpenUpTo(0));
    }
}
