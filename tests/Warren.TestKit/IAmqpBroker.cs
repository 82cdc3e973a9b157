namespace Warren.TestKit;

/// <summary>A running AMQP 0-9-1 broker, whoever made it: what a suite needs to run the same tests on RabbitMQ and on another broker.</summary>
public interface IAmqpBroker : IAsyncDisposable
{
    /// <summary>The AMQP URL of the default virtual host, with a user who may do everything there.</summary>
    string Url { get; }

    /// <summary>Makes an empty virtual host and returns its AMQP URL, so that a test meets no queue but its own.</summary>
    Task<string> NewVirtualHostAsync(CancellationToken cancellationToken = default);
}
