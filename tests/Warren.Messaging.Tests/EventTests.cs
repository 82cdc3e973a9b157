using Warren.TestKit;

namespace Warren.Messaging.Tests;

[Trait("Category", "Service")]
public class EventTests(RabbitMqFixture rabbit)
{
    private sealed record UserCreated(int UserId, string Username);

    [Fact]
    public async Task An_event_reaches_each_queue_once()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var first = new Arrivals<UserCreated>();
        var second = new Arrivals<UserCreated>();
        await using var one = await bus.SubscribeAsync("matching.user_events", "user.events", "user.created",
            (UserCreated user, CancellationToken _) => { first.Add(user); return Task.CompletedTask; });
        await using var two = await bus.SubscribeAsync("audit.user_events", "user.events", "user.#",
            (UserCreated user, CancellationToken _) => { second.Add(user); return Task.CompletedTask; });

        var id = await bus.PublishAsync("user.events", "user.created", new UserCreated(42, "ada"));

        Assert.NotNull(id);
        Assert.Equal(new UserCreated(42, "ada"), Assert.Single(await first.WaitForAsync(1)));
        Assert.Equal(new UserCreated(42, "ada"), Assert.Single(await second.WaitForAsync(1)));
    }
}
