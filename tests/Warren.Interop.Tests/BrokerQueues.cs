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
