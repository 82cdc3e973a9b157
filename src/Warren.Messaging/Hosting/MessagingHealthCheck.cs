using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Warren.Messaging.Hosting;

/// <summary>Tells the health of one bus and of what is registered on it. It asks the bus, not the broker, so it costs nothing and never waits.</summary>
internal sealed class MessagingHealthCheck(IMessageBus bus, MessagingHostedService hosted, MessageBusFactory factory) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var health = bus.Health;
        var problems = hosted.Problems;
        var waiting = health.Consumers.Where(consumer => !consumer.Consuming).ToList();
        var status = health.Status switch
        {
            BusStatus.Disabled => HealthStatus.Healthy,
            BusStatus.Healthy when problems.Count == 0 => HealthStatus.Healthy,
            BusStatus.Healthy or BusStatus.Degraded => HealthStatus.Degraded,
            _ => context.Registration.FailureStatus,
        };
        var data = new Dictionary<string, object>
        {
            ["broker"] = health.Broker,
            ["chosenBy"] = factory.ChosenBy,
            ["consumers"] = health.Consumers.Count,
        };
        if (waiting.Count > 0)
            data["notConsuming"] = waiting.Select(consumer => $"{consumer.Queue}: {consumer.LastError ?? "not started yet"}").ToArray();
        if (problems.Count > 0)
            data["notStarted"] = problems.ToArray();
        var description = health.Status == BusStatus.Disabled
            ? $"messaging is switched off ({factory.ChosenBy})"
            : string.Join(" ", problems.Select(problem => $"Cannot start the {problem}").Prepend(health.Description));
        return Task.FromResult(new HealthCheckResult(status, description, exception: null, data));
    }
}
