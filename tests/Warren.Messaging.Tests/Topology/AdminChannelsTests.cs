using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using RabbitMQ.Client;
using Warren.Messaging.Connections;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Topology;

[Trait("Category", "Service")]
public class AdminChannelsTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What the client throws when a connection goes down, or does not answer, in the middle of an operation.</summary>
    public static TheoryData<Exception> EndsOfAConnection =>
    [
        new ChannelClosedException(),
        new TaskCanceledException("The client's own patience is over."),
        new TimeoutException("The client's own patience is over."),
        new IOException("The connection was reset."),
    ];

    [Theory]
    [MemberData(nameof(EndsOfAConnection))]
    public async Task An_operation_that_meets_the_end_of_a_connection_runs_again(Exception end)
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        var options = new MessagingOptions();
        await using var connection = new BrokerConnection(options, BrokerAddress.Parse(url), "test", TimeProvider.System, NullLogger.Instance);
        var tries = 0;

        var name = await new AdminChannels(connection, options, TimeProvider.System).RunAsync(
            "try", async (channel, token) => ++tries == 1 ? throw end : (await channel.QueueDeclareAsync("", cancellationToken: token)).QueueName, Token);

        Assert.NotEmpty(name);
        Assert.Equal(2, tries);
    }

    [Fact]
    public async Task An_operation_whose_time_is_over_between_two_tries_says_that_there_is_no_connection()
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        var time = new ManualTimeProvider();
        var options = new MessagingOptions();
        await using var connection = new BrokerConnection(options, BrokerAddress.Parse(url), "test", time, NullLogger.Instance);
        var tried = new Signal();
        var running = new AdminChannels(connection, options, time).RunAsync<bool>(
            "try",
            (_, _) =>
            {
                tried.Set();
                throw new IOException("The connection was reset.");
            },
            Token);
        await tried.WaitAsync(cancellationToken: Token);
        // Its patience, and the pause before the next try.
        await time.WaitForTimersAsync(2, cancellationToken: Token);

        time.Advance(options.ConnectTimeout);

        var error = await Assert.ThrowsAsync<ConnectionFailedException>(() => running);
        Assert.StartsWith("Could not try: no answer from ", error.Message, StringComparison.Ordinal);
    }
}
