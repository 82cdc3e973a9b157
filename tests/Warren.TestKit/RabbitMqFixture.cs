using Xunit;

namespace Warren.TestKit;

/// <summary>The broker of a test assembly: started by the first test that asks, shared by all, ended with the run.</summary>
/// <remarks>
/// Declare it once with <c>[assembly: AssemblyFixture(typeof(RabbitMqFixture))]</c> and take it in the constructors of test classes.
/// It is a RabbitMQ node, or with <c>WARREN_TEST_BROKER=embedded</c> the embedded broker, or with <c>WARREN_TEST_AMQP</c> the one of that
/// URL. A test asks for no more than it needs, and is skipped where the chosen broker does not have it.
/// </remarks>
public sealed class RabbitMqFixture : IAsyncLifetime
{
    private readonly SemaphoreSlim _starting = new(1, 1);
    private IAmqpBroker? _broker;

    /// <summary>Which broker this run is on.</summary>
    public static BrokerChoice Choice { get; } = FromEnvironment();

    /// <summary>The broker; the test is skipped, or failed on CI, when there is none.</summary>
    public async Task<IAmqpBroker> BrokerAsync(CancellationToken cancellationToken = default)
    {
        await _starting.WaitAsync(cancellationToken);
        try
        {
            return _broker ??= ExternalBroker.FromEnvironment() ?? (IAmqpBroker)await StartBrokerAsync(cancellationToken: cancellationToken);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>The shared broker for a test that adds users, counts or closes connections; skipped when it runs on a given broker.</summary>
    /// <remarks>What concerns all tests, like an alarm, is for a broker of the test's own: <see cref="StartBrokerAsync"/>.</remarks>
    public async Task<IControllableBroker> ControlAsync(CancellationToken cancellationToken = default)
    {
        SkipWhenExternal();
        return (IControllableBroker)await BrokerAsync(cancellationToken);
    }

    /// <summary>The broker as a RabbitMQ node that can be looked into; the test is skipped when it runs on another broker.</summary>
    /// <remarks>It is shared: a test that stops, kills or pauses a node starts one for itself.</remarks>
    public async Task<RabbitMqNode> NodeAsync(CancellationToken cancellationToken = default)
    {
        SkipWhenExternal();
        SkipWhenEmbedded();
        return (RabbitMqNode)await BrokerAsync(cancellationToken);
    }

    /// <summary>The AMQP URL of an empty virtual host for one test or class.</summary>
    public async Task<string> NewVirtualHostAsync(CancellationToken cancellationToken = default) =>
        await (await BrokerAsync(cancellationToken)).NewVirtualHostAsync(cancellationToken);

    /// <summary>Starts a broker of the test's own: the embedded broker when it was chosen, else a RabbitMQ node.</summary>
    public static async Task<IControllableBroker> StartBrokerAsync(BrokerSettings? settings = null, CancellationToken cancellationToken = default)
    {
        if (Choice == BrokerChoice.Embedded)
            return await EmbeddedAmqpBroker.StartAsync(settings, cancellationToken);
        Services.Require("rabbitmq-server");
        return await RabbitMqNode.StartAsync(RabbitMqNodeOptions.From(settings ?? new()), cancellationToken);
    }

    /// <summary>The same in a process of its own, to be stopped or killed.</summary>
    public static async Task<IBrokerProcess> StartProcessAsync(CancellationToken cancellationToken = default)
    {
        if (Choice == BrokerChoice.Embedded)
            return await EmbeddedBrokerProcess.StartAsync(cancellationToken);
        Services.Require("rabbitmq-server");
        return await RabbitMqNode.StartAsync(cancellationToken: cancellationToken);
    }

    /// <summary>Starts a RabbitMQ node of the test's own, for what only RabbitMQ can be asked; the test is skipped when the embedded broker was chosen.</summary>
    public static async Task<RabbitMqNode> StartNodeAsync(RabbitMqNodeOptions? options = null, CancellationToken cancellationToken = default)
    {
        SkipWhenEmbedded();
        Services.Require("rabbitmq-server");
        return await RabbitMqNode.StartAsync(options, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
            await _broker.DisposeAsync();
        _starting.Dispose();
    }

    private static BrokerChoice FromEnvironment()
    {
        if (Environment.GetEnvironmentVariable("WARREN_TEST_AMQP") is { Length: > 0 })
            return BrokerChoice.External;
        return Environment.GetEnvironmentVariable("WARREN_TEST_BROKER") switch
        {
            null or "" or "rabbitmq" => BrokerChoice.RabbitMq,
            "embedded" => BrokerChoice.Embedded,
            var other => throw new InvalidOperationException($"WARREN_TEST_BROKER is '{other}'; expected rabbitmq or embedded."),
        };
    }

    private static void SkipWhenExternal()
    {
        if (Choice == BrokerChoice.External)
            Assert.Skip("WARREN_TEST_AMQP names a broker, and this test controls one of ours.");
    }

    private static void SkipWhenEmbedded()
    {
        if (Choice == BrokerChoice.Embedded)
            Assert.Skip("This test looks into a RabbitMQ node, and the run is on the embedded broker (WARREN_TEST_BROKER).");
    }
}
