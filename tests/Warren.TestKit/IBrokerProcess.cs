namespace Warren.TestKit;

/// <summary>A broker in a process of its own, for tests that take it away and bring it back on the same port with the same data.</summary>
public interface IBrokerProcess : IAmqpBroker
{
    /// <summary>Stops the broker in order: clients get <c>connection.close</c>. The data stay.</summary>
    Task StopAsync(CancellationToken cancellationToken = default);

    /// <summary>Ends the broker as <c>kill -9</c> does and returns when it is gone. The data stay as they were on disk.</summary>
    Task KillAsync(CancellationToken cancellationToken = default);

    /// <summary>Starts the broker again after it was stopped or killed, with the same port and data.</summary>
    Task StartAgainAsync(CancellationToken cancellationToken = default);
}
