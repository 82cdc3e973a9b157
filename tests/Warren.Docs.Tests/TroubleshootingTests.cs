using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Docs.Tests;

/// <summary>The errors that the package's README explains are those the library throws, word for word.</summary>
[Trait("Category", "Service")]
public class TroubleshootingTests(RabbitMqFixture rabbit)
{
    private static void IsExplained(string error, string realHost, string virtualHost = "/") => Assert.Contains(
        error.Replace(realHost, "rabbit.example.org:5672", StringComparison.Ordinal)
            .Replace($"virtual host \"{virtualHost}\"", "virtual host \"/\"", StringComparison.Ordinal)
            .Replace($"in vhost '{virtualHost}'", "in vhost '/'", StringComparison.Ordinal),
        Repository.Fences("src/Warren.Messaging/README.md", "text").Select(block => block.TrimEnd('\n')));

    private static async Task<string> ConnectFailsAsync(string url) =>
        (await Assert.ThrowsAsync<ConnectionFailedException>(() => MessageBus.ConnectAsync(url, o => o.ConnectAttempts = 1))).Message;

    [Fact]
    public async Task Connection_refused() => IsExplained(await ConnectFailsAsync("amqp://127.0.0.1:1/"), "127.0.0.1:1");

    [Fact]
    public async Task Access_refused()
    {
        var port = new Uri((await rabbit.BrokerAsync()).Url).Port;

        var error = await ConnectFailsAsync($"amqp://warren:wrong@127.0.0.1:{port}/");

        IsExplained(error, $"127.0.0.1:{port}");
    }

    // RabbitMQ refuses guest from elsewhere with the same words as a wrong password; in capitals the name leads here and is none that is known as this host.
    [Fact]
    public async Task Guest_from_another_host()
    {
        var port = new Uri((await rabbit.BrokerAsync()).Url).Port;

        IsExplained(await ConnectFailsAsync($"amqp://guest:wrong@LOCALHOST:{port}/"), $"LOCALHOST:{port}");
    }

    [Fact]
    public async Task Queue_not_found()
    {
        var url = new Uri(await rabbit.NewVirtualHostAsync());
        await using var bus = await MessageBus.ConnectAsync(url.ToString());

        var send = await Assert.ThrowsAsync<PublishFailedException>(() => bus.SendAsync("train_request_q", "work"));
        var look = await Assert.ThrowsAsync<QueueOperationException>(() => bus.Queues.InfoAsync("train_request_q"));

        IsExplained(send.Message, $"127.0.0.1:{url.Port}", url.AbsolutePath[1..]);
        IsExplained(look.Message, $"127.0.0.1:{url.Port}", url.AbsolutePath[1..]);
    }

    [Fact]
    public async Task A_virtual_host_that_is_missing()
    {
        var url = (await rabbit.BrokerAsync()).Url;

        IsExplained(await ConnectFailsAsync(url + "peerprep"), $"127.0.0.1:{new Uri(url).Port}", virtualHost: "no other");
    }
}
