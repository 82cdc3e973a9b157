using Warren.TestKit;

namespace Warren.Broker.Tests.Suite;

/// <summary>The broker a suite is run on, and what a case may ask of it beside AMQP.</summary>
public abstract class SuiteBroker
{
    /// <summary>Whether the broker has streams; one without refuses to declare them.</summary>
    public virtual bool HasStreams => false;

    /// <summary>Whether the broker says why it hangs up on octets it cannot make anything of; RabbitMQ's reader crashes over them without a word.</summary>
    public virtual bool SaysWhyItEnds => false;

    /// <summary>Where a case may write what it saw.</summary>
    public static ITestOutputHelper? Output => TestContext.Current.TestOutputHelper;

    /// <summary>The AMQP URL of a fresh, empty virtual host, with a user who may do everything there.</summary>
    public abstract Task<string> UrlAsync();

    /// <summary>Takes back the virtual host of a case that has ended.</summary>
    public virtual Task ReleaseAsync(string url) => Task.CompletedTask;

    /// <summary>Adds a user whose password is its name, with permissions, given as patterns of names, in one virtual host.</summary>
    public abstract Task AddUserAsync(string user, string virtualHost, string configure = ".*", string write = ".*", string read = ".*");

    /// <summary>Adds a user, whose password is its name, who may enter no virtual host.</summary>
    public abstract Task AddUserWithoutPermissionsAsync(string user);

    /// <summary>Sets or clears the memory alarm of the whole broker; a suite that does it has <c>[Collection(AloneCollection.Name)]</c>.</summary>
    public abstract Task SetMemoryAlarmAsync(bool raised);

    /// <summary>Closes the connections of a virtual host as an operator does, with <c>connection.close</c> 320 and a reason.</summary>
    public abstract Task CloseConnectionsAsync(string virtualHost, string reason);
}

/// <summary>RabbitMQ: the node of the test assembly, or the broker the environment names.</summary>
public sealed class RabbitMqSuiteBroker(RabbitMqFixture fixture) : SuiteBroker
{
    /// <inheritdoc/>
    public override bool HasStreams => true;

    /// <inheritdoc/>
    public override Task<string> UrlAsync() => fixture.NewVirtualHostAsync();

    /// <inheritdoc/>
    public override async Task ReleaseAsync(string url)
    {
        // Each virtual host makes the next one slower.
        if (await fixture.BrokerAsync() is RabbitMqNode node)
            await node.DeleteVirtualHostAsync(Uri.UnescapeDataString(new Uri(url).AbsolutePath[1..]));
    }

    /// <inheritdoc/>
    public override async Task AddUserAsync(string user, string virtualHost, string configure = ".*", string write = ".*", string read = ".*") =>
        await (await fixture.NodeAsync()).AddUserAsync(user, user, configure, write, read, virtualHost);

    /// <inheritdoc/>
    public override async Task AddUserWithoutPermissionsAsync(string user) =>
        await (await fixture.NodeAsync()).EvaluateAsync($"rabbit_auth_backend_internal:add_user(<<\"{user}\">>, <<\"{user}\">>, <<\"test\">>).");

    /// <inheritdoc/>
    public override async Task SetMemoryAlarmAsync(bool raised) => await (await fixture.NodeAsync()).SetMemoryAlarmAsync(raised);

    /// <inheritdoc/>
    public override async Task CloseConnectionsAsync(string virtualHost, string reason) =>
        await (await fixture.NodeAsync()).CloseAllConnectionsAsync(reason, virtualHost);
}

/// <summary>The cases that change something for all clients of a broker; they run when no other test does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    /// <summary>The name of the collection.</summary>
    public const string Name = "alone";
}
