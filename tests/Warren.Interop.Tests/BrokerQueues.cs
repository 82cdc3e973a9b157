using Warren.TestKit;

namespace Warren.Interop.Tests;

/// <summary>How the queues of a virtual host were declared.</summary>
internal static class BrokerQueues
{
    /// <summary>Name, durability and arguments of each queue, sorted, one a line.</summary>
    public static async Task<string> QueueArgumentsAsync(this RabbitMqNode node, string url)
    {
        var virtualHost = Uri.UnescapeDataString(new Uri(url).AbsolutePath[1..]);
        var listed = await node.RabbitmqctlAsync("list_queues", "--quiet", "--no-table-headers", "-p", virtualHost, "name", "durable", "arguments");
        return string.Join('\n', listed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }
}
