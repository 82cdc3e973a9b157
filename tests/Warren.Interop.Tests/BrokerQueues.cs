using Warren.TestKit;

namespace Warren.Interop.Tests;

/// <summary>What the tests ask a broker about the queues of a virtual host.</summary>
internal static class BrokerQueues
{
    /// <summary>The virtual host a URL names.</summary>
    public static string VirtualHost(string url) => Uri.UnescapeDataString(new Uri(url).AbsolutePath[1..]);

    /// <summary>Closes the connections of a virtual host once every delivery there is acknowledged: what is on its way would be lost and come again.</summary>
    /// <returns>How many were closed.</returns>
    public static async Task<int> CloseWhenSettledAsync(this IControllableBroker broker, string url, CancellationToken cancellationToken)
    {
        await broker.SettledAsync(url, cancellationToken);
        return await broker.CloseAllConnectionsAsync("the test closes it", VirtualHost(url), cancellationToken);
    }

    /// <summary>Returns once every delivery of a virtual host is acknowledged.</summary>
    public static Task SettledAsync(this IControllableBroker broker, string url, CancellationToken cancellationToken) => Eventually.ThatAsync(
        async () => (await broker.ListQueuesAsync(VirtualHost(url), cancellationToken)).All(queue => queue.Unacknowledged == 0),
        "all deliveries are acknowledged", cancellationToken: cancellationToken);

    /// <summary>Name, durability and arguments of each queue, sorted, one a line.</summary>
    public static async Task<string> QueueArgumentsAsync(this RabbitMqNode node, string url)
    {
        var listed = await node.RabbitmqctlAsync("list_queues", "--quiet", "--no-table-headers", "-p", VirtualHost(url), "name", "durable", "arguments");
        return string.Join('\n', listed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Sorted).Order(StringComparer.Ordinal));
    }

    // The broker keeps the arguments in the order of the client that declared first: [{"x-queue-type","quorum"},…].
    private static string Sorted(string line)
    {
        var columns = line.Trim().Split('\t');
        var arguments = columns[2].TrimStart('[').TrimEnd(']').Split("},{").Select(argument => argument.Trim('{', '}')).Order(StringComparer.Ordinal);
        return $"{columns[0]} durable={columns[1]} {string.Join(" ", arguments)}";
    }
}
