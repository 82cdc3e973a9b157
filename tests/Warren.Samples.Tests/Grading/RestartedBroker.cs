using Warren.TestKit;

namespace Warren.Samples.Tests.Grading;

/// <summary>A broker that tests take away and bring back, in the way it is expected to live through.</summary>
internal abstract class RestartedBroker
{
    /// <summary>Ours.</summary>
    public static RestartedBroker Embedded { get; } = new EmbeddedBroker();

    /// <summary>RabbitMQ; a test is skipped if it is not installed.</summary>
    public static RestartedBroker RabbitMq { get; } = new RabbitMqBroker();

    /// <summary>Starts a process of it.</summary>
    public abstract Task<IBrokerProcess> StartAsync(CancellationToken cancellationToken);

    /// <summary>Takes it away, and brings it back when something else has been done.</summary>
    public abstract Task RestartAsync(IBrokerProcess broker, Func<Task> meanwhile, CancellationToken cancellationToken);

    private sealed class EmbeddedBroker : RestartedBroker
    {
        public override async Task<IBrokerProcess> StartAsync(CancellationToken cancellationToken) => await EmbeddedBrokerProcess.StartAsync(cancellationToken);

        public override async Task RestartAsync(IBrokerProcess broker, Func<Task> meanwhile, CancellationToken cancellationToken)
        {
            await broker.KillAsync(cancellationToken);
            await meanwhile();
            await broker.StartAgainAsync(cancellationToken);
        }
    }

    private sealed class RabbitMqBroker : RestartedBroker
    {
        public override async Task<IBrokerProcess> StartAsync(CancellationToken cancellationToken)
        {
            Services.Require("rabbitmq-server");
            return await RabbitMqNode.StartAsync(cancellationToken: cancellationToken);
        }

        // In order, because a quorum queue that is a few seconds old may not live through a kill.
        public override async Task RestartAsync(IBrokerProcess broker, Func<Task> meanwhile, CancellationToken cancellationToken)
        {
            await broker.StopAsync(cancellationToken);
            await meanwhile();
            await broker.StartAgainAsync(cancellationToken);
        }
    }
}
