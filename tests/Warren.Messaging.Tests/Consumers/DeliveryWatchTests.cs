using RabbitMQ.Client;
using Warren.Messaging.Consumers;

namespace Warren.Messaging.Tests.Consumers;

public class DeliveryWatchTests
{
    // Each look: messages that wait, consumers of the queue, deliveries so far, whether one is due.
    public static TheoryData<string, int, (uint Waiting, uint Consumers, long Deliveries, bool IsDue)[], string?> Looks => new()
    {
        { "all is well", 1, [(0, 1, 0, true), (0, 1, 0, true), (0, 1, 0, true)], null },
        { "the queue has no consumer", 1, [(0, 0, 0, true)], "the watchdog found no consumer on the queue" },
        { "nor should it", 0, [(9, 0, 0, false), (9, 0, 0, false), (9, 0, 0, false)], null },
        { "some are missing once", 3, [(0, 2, 0, true), (0, 3, 0, true), (0, 2, 0, true)], null },
        { "some are missing twice", 3, [(0, 2, 0, true), (0, 2, 0, true)], "the watchdog found 2 consumers on the queue, and 3 should be from here" },
        { "nothing comes", 1, [(7, 1, 0, true), (7, 1, 0, true)], "the watchdog found 7 messages waiting and none delivered" },
        { "nothing comes, and others may be meant", 1, [(7, 2, 0, true), (7, 2, 0, true), (7, 2, 0, true)], null },
        { "nothing comes for long", 1, [(7, 2, 0, true), (7, 2, 0, true), (7, 2, 0, true), (7, 2, 0, true)], "the watchdog found 7 messages waiting and none delivered" },
        { "something came between", 1, [(7, 1, 4, true), (7, 1, 5, true), (7, 1, 6, true)], null },
        { "nothing is due", 1, [(7, 1, 0, false), (7, 1, 0, false), (7, 1, 0, false)], null },
    };

    [Theory]
    [MemberData(nameof(Looks))]
    public void A_consumer_that_gets_nothing_is_told_from_one_that_has_nothing_to_get(
        string what, int consumers, (uint Waiting, uint Consumers, long Deliveries, bool IsDue)[] looks, string? expected)
    {
        var watch = new DeliveryWatch(looks[0].Deliveries);

        var found = looks.Select(look => watch.Look(new QueueDeclareOk("q", look.Waiting, look.Consumers), consumers, look.Deliveries, look.IsDue)).ToList();

        Assert.True(found[^1] == expected, $"When {what}: {found[^1]}");
        Assert.All(found[..^1], Assert.Null);
    }
}
