using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Warren.Messaging.Connections;
using Warren.TestKit;

namespace Warren.Messaging.Tests;

/// <summary>A bus on a clock that the test moves: what it waits for in time comes when the test says so.</summary>
internal static class ClockedBus
{
    /// <summary>Connects, and returns when each of its connections is open.</summary>
    public static async Task<MessageBus> ConnectAsync(
        string url, TimeProvider time, Action<MessagingOptions>? configure = null, ILoggerFactory? loggers = null)
    {
        var options = new MessagingOptions { Url = url };
        configure?.Invoke(options);
        var bus = new MessageBus(options, BrokerAddress.Parse(url), loggers ?? NullLoggerFactory.Instance, time);
        bus.Start();
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Healthy, "the bus is connected");
        return bus;
    }
}
