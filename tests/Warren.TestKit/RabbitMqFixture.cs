using Xunit;

namespace Warren.TestKit;

/// <summary>The broker of a test assembly: started by the first test that asks, shared by all, ended with the run.</summary>
/// <remarks>
/// Declare it once with <c>[assembly: AssemblyFixture(typeof(RabbitMqFixture))]</c> and take it in the constructors of test classes.
/// With <c>WARREN_TEST_AMQP</c> set it is that broker, and tests that control a node are skipped.
/// </remarks>
public sealed class RabbitMqFixture : IAsyncLifetime
{
    private readonly SemaphoreSlim _starting = new(1, 1);
    private IAmqpBroker? _broker;

    /// <summary>The broker; the test is skipped, or failed on CI, when there is none.</summary>
    public async Task<IAmqpBroker> BrokerAsync(CancellationToken cancellationToken = default)
    {
        await _starting.WaitAsync(cancellationToken);
        try
        {
            return _broker ??= ExternalBroker.FromEnvironment() ?? await StartNodeAsync(cancellationToken);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>The broker as a node of our own that can be looked into; the test is skipped when it runs on a given broker.</summary>
    /// <remarks>It is shared: a test that stops, kills or pauses a node starts one for itself.</remarks>
    public async Task<RabbitMqNode> NodeAsync(CancellationToken cancellationToken = default)
    {
        if (await BrokerAsync(cancellationToken) is RabbitMqNode node)
            return node;
        Assert.Skip("WARREN_TEST_AMQP names a broker, and this test controls a RabbitMQ node of its own.");
        return null;
    }

    /// <summary>The AMQP URL of an empty virtual host for one test or class.</summary>
    public async Task<string> NewVirtualHostAsync(CancellationToken cancellationToken = default) =>
        await (await BrokerAsync(cancellationToken)).NewVirtualHostAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
            await _broker.DisposeAsync();
        _starting.Dispose();
    }

    private static async Task<IAmqpBroker> StartNodeAsync(CancellationToken cancellationToken)
    {
        Services.Require("rabbitmq-server");
        return await RabbitMqNode.StartAsync(cancellationToken: cancellationToken);
    }
}
