using System.Reflection;
using Warren.Broker.Protocol;

namespace Warren.Broker.Connections;

/// <summary>How the broker introduces itself in <c>connection.start</c> (AMQP 0-9-1 §1.4.2.1).</summary>
/// <remarks>
/// Clients decide by these what they may use: kombu by the product, others by the version or by a capability. So the product and the
/// version are those of the RabbitMQ whose behaviour is given, and the platform says who gives it.
/// </remarks>
internal static class ServerProperties
{
    /// <summary>The version of Warren, as <c>0.1.0</c>.</summary>
    public static string WarrenVersion { get; } = ReadVersion();

    /// <summary>The properties, in RabbitMQ's order.</summary>
    public static FieldTable Table { get; } = FieldTable.Of(
        ("capabilities", FieldTable.Of(
            ("publisher_confirms", true),
            ("exchange_exchange_bindings", true),
            ("basic.nack", true),
            ("consumer_cancel_notify", true),
            ("connection.blocked", true),
            ("consumer_priorities", true),
            ("authentication_failure_close", true),
            ("per_consumer_qos", true),
            ("direct_reply_to", true))),
        ("cluster_name", $"warren@{Environment.MachineName}"),
        ("copyright", "Copyright The Warren authors"),
        ("information", "Licensed under Apache-2.0"),
        ("platform", $"Warren {WarrenVersion}"),
        ("product", "RabbitMQ"),
        ("version", "3.13.7"));

    private static string ReadVersion()
    {
        var assembly = typeof(ServerProperties).Assembly;
        var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
        // The commit behind the plus sign is nothing a client could use.
        return version.Split('+')[0];
    }
}
