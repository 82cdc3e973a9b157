using System.Globalization;

namespace Warren.Broker.Tests.Suite;

/// <summary>AMQP 0-9-1 with RabbitMQ's additions as a table: each method's numbers and the names and types of its arguments.</summary>
internal static class RawSpecification
{
    private const string Table =
        """
        connection.start 10.10 version-major:octet version-minor:octet server-properties:table mechanisms:longstr locales:longstr
        connection.start-ok 10.11 client-properties:table mechanism:shortstr response:longstr locale:shortstr
        connection.secure 10.20 challenge:longstr
        connection.secure-ok 10.21 response:longstr
        connection.tune 10.30 channel-max:short frame-max:long heartbeat:short
        connection.tune-ok 10.31 channel-max:short frame-max:long heartbeat:short
        connection.open 10.40 virtual-host:shortstr reserved-1:shortstr reserved-2:bit
        connection.open-ok 10.41 reserved-1:shortstr
        connection.close 10.50 reply-code:short reply-text:shortstr class-id:short method-id:short
        connection.close-ok 10.51
        connection.blocked 10.60 reason:shortstr
        connection.unblocked 10.61
        connection.update-secret 10.70 new-secret:longstr reason:shortstr
        connection.update-secret-ok 10.71
        channel.open 20.10 reserved-1:shortstr
        channel.open-ok 20.11 reserved-1:longstr
        channel.flow 20.20 active:bit
        channel.flow-ok 20.21 active:bit
        channel.close 20.40 reply-code:short reply-text:shortstr class-id:short method-id:short
        channel.close-ok 20.41
        access.request 30.10 realm:shortstr exclusive:bit passive:bit active:bit write:bit read:bit
        access.request-ok 30.11 ticket:short
        exchange.declare 40.10 ticket:short exchange:shortstr type:shortstr passive:bit durable:bit auto-delete:bit internal:bit no-wait:bit arguments:table
        exchange.declare-ok 40.11
        exchange.delete 40.20 ticket:short exchange:shortstr if-unused:bit no-wait:bit
        exchange.delete-ok 40.21
        exchange.bind 40.30 ticket:short destination:shortstr source:shortstr routing-key:shortstr no-wait:bit arguments:table
        exchange.bind-ok 40.31
        exchange.unbind 40.40 ticket:short destination:shortstr source:shortstr routing-key:shortstr no-wait:bit arguments:table
        exchange.unbind-ok 40.51
        queue.declare 50.10 ticket:short queue:shortstr passive:bit durable:bit exclusive:bit auto-delete:bit no-wait:bit arguments:table
        queue.declare-ok 50.11 queue:shortstr message-count:long consumer-count:long
        queue.bind 50.20 ticket:short queue:shortstr exchange:shortstr routing-key:shortstr no-wait:bit arguments:table
        queue.bind-ok 50.21
        queue.purge 50.30 ticket:short queue:shortstr no-wait:bit
        queue.purge-ok 50.31 message-count:long
        queue.delete 50.40 ticket:short queue:shortstr if-unused:bit if-empty:bit no-wait:bit
        queue.delete-ok 50.41 message-count:long
        queue.unbind 50.50 ticket:short queue:shortstr exchange:shortstr routing-key:shortstr arguments:table
        queue.unbind-ok 50.51
        basic.qos 60.10 prefetch-size:long prefetch-count:short global:bit
        basic.qos-ok 60.11
        basic.consume 60.20 ticket:short queue:shortstr consumer-tag:shortstr no-local:bit no-ack:bit exclusive:bit no-wait:bit arguments:table
        basic.consume-ok 60.21 consumer-tag:shortstr
        basic.cancel 60.30 consumer-tag:shortstr no-wait:bit
        basic.cancel-ok 60.31 consumer-tag:shortstr
        basic.publish 60.40 ticket:short exchange:shortstr routing-key:shortstr mandatory:bit immediate:bit
        basic.return 60.50 reply-code:short reply-text:shortstr exchange:shortstr routing-key:shortstr
        basic.deliver 60.60 consumer-tag:shortstr delivery-tag:longlong redelivered:bit exchange:shortstr routing-key:shortstr
        basic.get 60.70 ticket:short queue:shortstr no-ack:bit
        basic.get-ok 60.71 delivery-tag:longlong redelivered:bit exchange:shortstr routing-key:shortstr message-count:long
        basic.get-empty 60.72 reserved-1:shortstr
        basic.ack 60.80 delivery-tag:longlong multiple:bit
        basic.reject 60.90 delivery-tag:longlong requeue:bit
        basic.recover-async 60.100 requeue:bit
        basic.recover 60.110 requeue:bit
        basic.recover-ok 60.111
        basic.nack 60.120 delivery-tag:longlong multiple:bit requeue:bit
        confirm.select 85.10 no-wait:bit
        confirm.select-ok 85.11
        tx.select 90.10
        tx.select-ok 90.11
        tx.commit 90.20
        tx.commit-ok 90.21
        tx.rollback 90.30
        tx.rollback-ok 90.31
        """;

    private static readonly Dictionary<string, RawMethodShape> ByName = Table.Split('\n').Select(Parse).ToDictionary(shape => shape.Name);

    private static readonly Dictionary<(ushort, ushort), RawMethodShape> ByNumber = ByName.Values.ToDictionary(shape => (shape.ClassId, shape.MethodId));

    /// <summary>The properties of a basic content in the order of their flags, from the highest.</summary>
    public static IReadOnlyList<(string Name, string Type)> Properties { get; } =
    [
        ("content-type", "shortstr"), ("content-encoding", "shortstr"), ("headers", "table"), ("delivery-mode", "octet"), ("priority", "octet"),
        ("correlation-id", "shortstr"), ("reply-to", "shortstr"), ("expiration", "shortstr"), ("message-id", "shortstr"), ("timestamp", "timestamp"),
        ("type", "shortstr"), ("user-id", "shortstr"), ("app-id", "shortstr"), ("cluster-id", "shortstr"),
    ];

    /// <summary>The method of a name such as <c>queue.declare</c>.</summary>
    public static RawMethodShape Named(string name) => ByName[name];

    /// <summary>The method of two numbers.</summary>
    public static RawMethodShape Numbered(ushort classId, ushort methodId) => ByNumber[(classId, methodId)];

    private static RawMethodShape Parse(string line)
    {
        var parts = line.Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var numbers = parts[1].Split('.');
        return new(
            parts[0],
            ushort.Parse(numbers[0], CultureInfo.InvariantCulture),
            ushort.Parse(numbers[1], CultureInfo.InvariantCulture),
            [.. parts.Skip(2).Select(argument => argument.Split(':')).Select(argument => (argument[0], argument[1]))]);
    }
}

/// <summary>A method's name, numbers and arguments.</summary>
internal sealed record RawMethodShape(string Name, ushort ClassId, ushort MethodId, IReadOnlyList<(string Name, string Type)> Arguments);
