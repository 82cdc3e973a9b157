using System.Diagnostics;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Warren.TestKit.Tests;

[Trait("Category", "Service")]
public class RabbitMqNodeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Durable_messages_outlive_a_stop_a_restart_and_a_kill()
    {
        Services.Require("rabbitmq-server");
        await using var node = await RabbitMqNode.StartAsync(cancellationToken: Token);
        await PublishAsync(node.Url, "kept", durable: true);

        await node.StopAsync(Token);
        Assert.False(node.IsRunning);
        await Assert.ThrowsAsync<BrokerUnreachableException>(() => ConnectAsync(node.Url));
        await node.StartAgainAsync(Token);
        Assert.Equal(1u, await CountAsync(node.Url, "kept"));

        await node.RestartAsync(Token);
        Assert.Equal(1u, await CountAsync(node.Url, "kept"));

        await node.KillAsync(Token);
        Assert.False(node.IsRunning);
        await node.StartAgainAsync(Token);
        Assert.Equal(1u, await CountAsync(node.Url, "kept"));
    }

    [Fact]
    public async Task A_paused_node_answers_nothing_until_it_goes_on()
    {
        Services.Require("rabbitmq-server");
        await using var node = await RabbitMqNode.StartAsync(cancellationToken: Token);
        await using var connection = await ConnectAsync(node.Url);

        await node.PauseAsync(Token);
        var channel = connection.CreateChannelAsync(cancellationToken: Token);
        Assert.NotSame(channel, await Task.WhenAny(channel, Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, Token)));

        await node.ResumeAsync(Token);
        await using var opened = await channel;
        Assert.True(opened.IsOpen);
    }

    [Fact]
    public async Task A_consumer_timeout_closes_the_channel_within_seconds()
    {
        Services.Require("rabbitmq-server");
        await using var node = await RabbitMqNode.StartAsync(new() { ConsumerTimeout = TimeSpan.FromSeconds(1) }, Token);
        await PublishAsync(node.Url, "slow", durable: true);
        await using var connection = await ConnectAsync(node.Url);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Token);
        var closed = new TaskCompletionSource<ShutdownEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.ChannelShutdownAsync += (_, reason) =>
        {
            closed.TrySetResult(reason);
            return Task.CompletedTask;
        };

        await channel.BasicConsumeAsync("slow", autoAck: false, new AsyncEventingBasicConsumer(channel), Token);

        var reason = await closed.Task.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Token);
        Assert.Equal(406, reason.ReplyCode);
    }

    [Fact]
    public async Task A_node_with_plugins_and_lines_of_configuration_takes_both()
    {
        Services.Require("rabbitmq-server");
        await using var node = await RabbitMqNode.StartAsync(
            new() { Plugins = ["rabbitmq_management"], Configuration = ["heartbeat = 7"], VmMemoryHighWatermark = 0.9 }, Token);

        Assert.NotNull(node.ManagementUrl);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node.ManagementUrl, "api/overview"));
        request.Headers.Authorization = new("Basic", Convert.ToBase64String("guest:guest"u8));
        using var response = await http.SendAsync(request, Token);
        Assert.Contains(node.Version.ToString(), await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal("{ok,7}", await node.EvaluateAsync("application:get_env(rabbit, heartbeat).", Token));
        Assert.Equal("{ok,0.9}", await node.EvaluateAsync("application:get_env(rabbit, vm_memory_high_watermark).", Token));

        await using var given = new ExternalBroker(node.Url, node.ManagementUrl);
        await PublishAsync(await given.NewVirtualHostAsync(Token), "q", durable: false);
    }

    [Fact]
    public async Task A_failed_start_tells_the_end_of_the_log()
    {
        Services.Require("rabbitmq-server");
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => RabbitMqNode.StartAsync(new() { Configuration = ["no.such.setting = 1"] }, Token));

        Assert.Contains("no.such.setting", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disposed_node_leaves_no_process_and_no_file()
    {
        Services.Require("rabbitmq-server");
        var node = await RabbitMqNode.StartAsync(cancellationToken: Token);
        Assert.NotEmpty(ProcessesAbout(node));

        await node.DisposeAsync();

        await Eventually.ThatAsync(() => ProcessesAbout(node).Count == 0, "the processes of the node end", cancellationToken: Token);
        Assert.False(Directory.Exists(node.DataDirectory));
    }

    private static async Task<IConnection> ConnectAsync(string url) =>
        await new ConnectionFactory { Uri = new Uri(url), AutomaticRecoveryEnabled = false }.CreateConnectionAsync(Token);

    private static async Task PublishAsync(string url, string queue, bool durable)
    {
        await using var connection = await ConnectAsync(url);
        await using var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Token);
        await channel.QueueDeclareAsync(queue, durable, exclusive: false, autoDelete: false, cancellationToken: Token);
        await channel.BasicPublishAsync("", queue, mandatory: true, new BasicProperties { Persistent = durable }, "m"u8.ToArray(), Token);
    }

    private static async Task<uint> CountAsync(string url, string queue)
    {
        await using var connection = await ConnectAsync(url);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Token);
        return await channel.MessageCountAsync(queue, Token);
    }

    // The data directory is in the environment of the node, its epmd and its watcher.
    private static List<int> ProcessesAbout(RabbitMqNode node)
    {
        List<int> found = [];
        foreach (var process in Process.GetProcesses())
        {
            using (process)
            {
                try
                {
                    if (File.ReadAllText($"/proc/{process.Id}/environ").Contains(node.DataDirectory, StringComparison.Ordinal))
                        found.Add(process.Id);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    // Ended meanwhile, or somebody else's.
                }
            }
        }

        return found;
    }
}
