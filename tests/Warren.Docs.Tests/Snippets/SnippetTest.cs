using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Docs.Tests.Snippets;

/// <summary>A test that holds a snippet: the snippet says <c>MessageBus.ConnectAsync</c> to a broker on localhost, and meets the broker of the tests.</summary>
[Trait("Category", "Service")]
public abstract class SnippetTest(RabbitMqFixture rabbit)
{
    private string? _url;

    /// <summary>Stands before the library's type of this name.</summary>
    protected LocalBroker MessageBus => new(UrlAsync);

    /// <summary>The test's own virtual host.</summary>
    protected async Task<string> UrlAsync() => _url ??= await rabbit.NewVirtualHostAsync();

    /// <summary>Connects as <c>MessageBus</c> does, elsewhere.</summary>
    protected sealed class LocalBroker(Func<Task<string>> url)
    {
        public async Task<MessageBus> ConnectAsync(string localhost)
        {
            Assert.Equal("amqp://guest:guest@localhost/", localhost);
            return await Messaging.MessageBus.ConnectAsync(await url());
        }
    }
}
