using Warren.Messaging.Consumers;

namespace Warren.Messaging.Tests.Consumers;

public class AckBatchTests
{
    [Fact]
    public void Nothing_settled_is_nothing_to_acknowledge()
    {
        var batch = new AckBatch();

        Assert.Equal(0UL, batch.Take());
        Assert.Equal(0, batch.Waiting);
    }

    [Fact]
    public void Deliveries_settled_in_order_are_acknowledged_by_the_last()
    {
        var batch = new AckBatch();

        Assert.Equal(1, batch.Settle(1));
        Assert.Equal(2, batch.Settle(2));
        Assert.Equal(3, batch.Settle(3));

        Assert.Equal(3UL, batch.Take());
        Assert.Equal(0UL, batch.Take());
    }

    [Fact]
    public void A_delivery_still_held_keeps_back_those_after_it()
    {
        var batch = new AckBatch();
        batch.Settle(1);

        Assert.Equal(1, batch.Settle(3));
        Assert.Equal(1, batch.Settle(4));
        Assert.Equal(1UL, batch.Take());
        Assert.Equal(0UL, batch.Take());

        Assert.Equal(3, batch.Settle(2));
        Assert.Equal(4UL, batch.Take());
    }

    [Fact]
    public void A_delivery_that_went_back_is_never_the_tag_of_an_ack()
    {
        // RabbitMQ closes the channel over an ack whose very tag it has no delivery for.
        var batch = new AckBatch();
        batch.Settle(1);
        batch.PassOver(2);
        batch.PassOver(3);
        Assert.Equal(1UL, batch.Take());
        Assert.Equal(0UL, batch.Take());

        batch.Settle(4);
        Assert.Equal(4UL, batch.Take());
        batch.PassOver(6);
        batch.Settle(5);
        Assert.Equal(5UL, batch.Take());
        Assert.Equal(0, batch.Waiting);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_order_of_settling_acknowledges_what_a_plain_list_would(int seed)
    {
        var random = new Random(seed);
        var batch = new AckBatch();
        var delivered = 0UL;
        var held = new List<ulong>();
        var settled = new HashSet<ulong>();
        var wentBack = new HashSet<ulong>();
        var acked = 0UL;
        for (var move = 0; move < 20_000; move++)
        {
            switch (random.Next(5))
            {
                case < 2:
                    held.Add(++delivered);
                    break;
                case < 4 when held.Count > 0:
                    var at = random.Next(Math.Min(held.Count, 16));
                    if (random.Next(8) == 0)
                    {
                        wentBack.Add(held[at]);
                        batch.PassOver(held[at]);
                    }
                    else
                    {
                        settled.Add(held[at]);
                        batch.Settle(held[at]);
                    }
                    held.RemoveAt(at);
                    break;
                default:
                    var oldestHeld = held.Count == 0 ? delivered + 1 : held.Min();
                    var expected = settled.Where(tag => tag < oldestHeld).DefaultIfEmpty(0UL).Max();
                    Assert.Equal(expected > acked ? expected : 0, batch.Take());
                    acked = Math.Max(acked, expected);
                    settled.RemoveWhere(tag => tag < acked);
                    break;
            }
        }
        Assert.True(acked > 1000);
        Assert.NotEmpty(wentBack);
    }
}
