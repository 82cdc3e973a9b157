using System.Text;
using RabbitMQ.Client;

namespace Warren.Benchmarks.Brokers;

/// <summary>What a broker says it is.</summary>
internal static class BrokerVersion
{
    /// <summary>Product, version and platform, such as <c>RabbitMQ 3.10.8, Erlang/OTP 25.2.3</c>.</summary>
    public static async Task<string> ReadAsync(string broker, CancellationToken cancellationToken)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(broker) }.CreateConnectionAsync(cancellationToken);
        var properties = connection.ServerProperties ?? new Dictionary<string, object?>();
        var text = $"{Text(properties, "product")} {Text(properties, "version")}, {Text(properties, "platform")}";
        await connection.CloseAsync(cancellationToken);
        return text;
    }

    private static string Text(IDictionary<string, object?> properties, string name) =>
        properties.TryGetValue(name, out var value) && value is byte[] text ? Encoding.UTF8.GetString(text) : $"unknown {name}";
}
