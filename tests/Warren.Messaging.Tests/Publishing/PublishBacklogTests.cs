using Warren.Messaging.Publishing;

namespace Warren.Messaging.Tests.Publishing;

public class PublishBacklogTests
{
    [Fact]
    public void A_message_is_used_again_with_its_buffer()
    {
        var backlog = new PublishBacklog(window: 4);
        var message = Filled(backlog, 1024);

        backlog.Return(message);

        Assert.Same(message, backlog.Rent());
        Assert.InRange(message.Body.Capacity, 1024, 4096);
    }

    [Fact]
    public void The_body_of_a_very_large_message_is_not_kept_until_the_next()
    {
        var backlog = new PublishBacklog(window: 4);

        backlog.Return(Filled(backlog, 1024 * 1024));

        Assert.Equal(0, backlog.Rent().Body.Capacity);
    }

    [Fact]
    public void Idle_messages_keep_no_more_than_a_bound_however_large_their_buffers_are()
    {
        var backlog = new PublishBacklog(window: 1024);
        var messages = Enumerable.Range(0, 2048).Select(_ => Filled(backlog, 64 * 1024)).ToList();

        messages.ForEach(backlog.Return);

        var kept = Enumerable.Range(0, 2048).Select(_ => (long)backlog.Rent().Body.Capacity).Sum();
        Assert.InRange(kept, 16L << 20, 32L << 20);
    }

    private static PendingPublish Filled(PublishBacklog backlog, int bytes)
    {
        var message = backlog.Rent();
        message.Body.GetSpan(bytes)[..bytes].Fill(1);
        message.Body.Advance(bytes);
        return message;
    }
}
