using Warren.Broker.Protocol;
using Warren.Broker.Queues;
using Warren.Broker.Routing;

namespace Warren.Broker;

/// <summary>How exchanges, queues, bindings and virtual hosts stand in the log: a key that says which, and a value that says what.</summary>
internal static class Definitions
{
    private const byte VirtualHostKind = (byte)'v';
    private const byte ExchangeKind = (byte)'x';
    private const byte QueueKind = (byte)'q';
    private const byte BindingKind = (byte)'b';

    /// <summary>The key of a virtual host.</summary>
    public static byte[] KeyOfHost(string name) => Key(VirtualHostKind, name);

    /// <summary>The key of an exchange.</summary>
    public static byte[] KeyOf(string host, Exchange exchange) => Key(ExchangeKind, host, exchange.Name);

    /// <summary>The key of a queue.</summary>
    public static byte[] KeyOf(string host, QueueDefinition queue) => Key(QueueKind, host, queue.Name);

    /// <summary>The key of a binding: all of it.</summary>
    public static byte[] KeyOf(string host, Binding binding) =>
        [.. Key(BindingKind, host, binding.Source.Name, IsToQueue(binding) ? "q" : "x", binding.Destination.Name, binding.RoutingKey), .. binding.Arguments.Encode()];

    /// <summary>What an exchange was declared as.</summary>
    public static byte[] ValueOf(Exchange exchange)
    {
        var value = new byte[AmqpWriter.SizeOfShortString(exchange.Type) + 1 + exchange.Arguments.GetSize()];
        var writer = new AmqpWriter(value);
        writer.WriteShortString(exchange.Type);
        writer.WriteBits(new AmqpBits(exchange.AutoDelete, exchange.Internal));
        writer.WriteTable(exchange.Arguments);
        return value;
    }

    /// <summary>What a queue was declared as.</summary>
    public static byte[] ValueOf(QueueDefinition queue)
    {
        var value = new byte[sizeof(long) + 1 + queue.Arguments.Declared.GetSize()];
        var writer = new AmqpWriter(value);
        writer.WriteInt64(queue.Id);
        writer.WriteBits(new AmqpBits(queue.IsAutoDelete));
        writer.WriteTable(queue.Arguments.Declared);
        return value;
    }

    /// <summary>Builds everything up again: virtual hosts first, bindings last.</summary>
    /// <param name="definitions">What the log has.</param>
    /// <param name="host">The virtual host of a name, made if it is not there.</param>
    /// <param name="queueRecovered">Is given each queue.</param>
    public static void Recover(
        IReadOnlyCollection<KeyValuePair<byte[], byte[]>> definitions, Func<string, VirtualHost> host, Action<Queue> queueRecovered)
    {
        foreach (var (key, _) in definitions.Where(definition => definition.Key[0] == VirtualHostKind))
            host(new AmqpReader(key.AsSpan(1)).ReadShortString());
        foreach (var (key, value) in definitions.Where(definition => definition.Key[0] == ExchangeKind))
            RecoverExchange(key.AsSpan(1), value, host);
        foreach (var (key, value) in definitions.Where(definition => definition.Key[0] == QueueKind))
            queueRecovered(RecoverQueue(key.AsSpan(1), value, host));
        foreach (var (key, _) in definitions.Where(definition => definition.Key[0] == BindingKind))
            RecoverBinding(key.AsSpan(1), host);
    }

    private static void RecoverExchange(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Func<string, VirtualHost> host)
    {
        var names = new AmqpReader(key);
        var virtualHost = host(names.ReadShortString());
        var name = names.ReadShortString();
        var reader = new AmqpReader(value);
        var type = reader.ReadShortString();
        var bits = reader.ReadBits();
        virtualHost.Recover(Exchange.Create(type, new(name, Durable: true, AutoDelete: bits[0], Internal: bits[1], reader.ReadTable()))!);
    }

    private static Queue RecoverQueue(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Func<string, VirtualHost> host)
    {
        var names = new AmqpReader(key);
        var virtualHost = host(names.ReadShortString());
        var name = names.ReadShortString();
        var reader = new AmqpReader(value);
        var id = reader.ReadInt64();
        var bits = reader.ReadBits();
        return virtualHost.Recover(new QueueDefinition(name, id, IsDurable: true, IsExclusive: false, IsAutoDelete: bits[0], new(reader.ReadTable())));
    }

    // A binding whose queue or exchange is not there any more was overtaken by a crash, and is nothing.
    private static void RecoverBinding(ReadOnlySpan<byte> key, Func<string, VirtualHost> host)
    {
        var reader = new AmqpReader(key);
        var virtualHost = host(reader.ReadShortString());
        var source = reader.ReadShortString();
        var isToQueue = reader.ReadShortString() == "q";
        var destination = reader.ReadShortString();
        var routingKey = reader.ReadShortString();
        virtualHost.Recover(new BindingDefinition(source, isToQueue, destination, routingKey, reader.ReadTable()));
    }

    private static bool IsToQueue(Binding binding) => binding.Destination is Queue;

    private static byte[] Key(byte kind, params ReadOnlySpan<string> names)
    {
        var size = 1;
        foreach (var name in names)
            size += AmqpWriter.SizeOfShortString(name);
        var key = new byte[size];
        var writer = new AmqpWriter(key);
        writer.WriteByte(kind);
        foreach (var name in names)
            writer.WriteShortString(name);
        return key;
    }
}

/// <summary>A binding as the log has it: by the names of its ends.</summary>
internal sealed record BindingDefinition(string Source, bool IsToQueue, string Destination, string RoutingKey, FieldTable Arguments);
