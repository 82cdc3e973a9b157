using Warren.TestKit;

namespace Warren.Messaging.Tests;

[Trait("Category", "Service")]
public class LiveReadingRefusedTests(RabbitMqFixture rabbit)
{
    [Fact]
    public async Task Reading_that_the_user_may_not_do_fails_instead_of_waiting_for_ever()
    {
        var broker = await rabbit.ControlAsync();
        var url = new Uri(await rabbit.NewVirtualHostAsync());
        await broker.AddUserAsync("reads-nothing", "secret", read: "^$", virtualHost: url.AbsolutePath[1..]);
        await using var bus = await MessageBus.ConnectAsync($"amqp://reads-nothing:secret@127.0.0.1:{url.Port}{url.AbsolutePath}");

        var error = await Assert.ThrowsAsync<QueueOperationException>(async () =>
        {
            await foreach (var _ in bus.ReadAsync<string>("amq.topic", "a.*", TestContext.Current.CancellationToken))
                Assert.Fail("Nothing is published.");
        });

        Assert.Equal(QueueFailureReason.AccessRefused, error.Reason);
        Assert.Contains("reads-nothing needs permission", error.Message, StringComparison.Ordinal);
    }
}
