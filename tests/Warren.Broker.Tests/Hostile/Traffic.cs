using System.Buffers;
using System.Text;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Tests.Processes;

namespace Warren.Broker.Tests.Hostile;

/// <summary>What a busy client sends, from the protocol header on, put together by chance: each stream is valid, and none is like another.</summary>
/// <remarks>It may use the queues and exchanges <c>hostile-a</c> to <c>hostile-p</c>, which are there, and declare and delete those up to z.</remarks>
internal static class Traffic
{
    /// <summary>The letters of the queues that are always there.</summary>
    public const string Fixed = "abcdefghijklmnop";

    /// <summary>The letters of the queues that come and go.</summary>
    public const string Passing = "qrstuvwxyz";

    private const int FrameMax = 131_072;

    private static readonly string[] ExchangeTypes = ["direct", "fanout", "topic", "headers"];

    /// <summary>The name of a queue and of an exchange.</summary>
    public static string Name(char letter) => $"hostile-{letter}";

    /// <summary>What a queue is declared with: it never holds much, and has one of the features.</summary>
    public static FieldTable Arguments(char letter)
    {
        var arguments = FieldTable.Of(("x-max-length", 100), ("x-max-length-bytes", 1_000_000));
        return (letter % 7) switch
        {
            0 => arguments.With("x-queue-type", "quorum").With("x-delivery-limit", 3),
            1 => arguments.With("x-max-priority", 5),
            2 => arguments.With("x-message-ttl", 50).With("x-dead-letter-exchange", Name('a')),
            3 => arguments.With("x-single-active-consumer", true),
            4 => arguments.With("x-overflow", "reject-publish"),
            5 => arguments.With("x-dead-letter-exchange", Name('b')).With("x-dead-letter-routing-key", "dead"),
            _ => arguments,
        };
    }

    /// <summary>The type of an exchange.</summary>
    public static string TypeOf(char letter) => ExchangeTypes[letter % ExchangeTypes.Length];

    /// <summary>Declares what is always there.</summary>
    public static async Task PrepareAsync(LoadClient client)
    {
        foreach (var letter in Fixed)
        {
            await client.DeclareAsync(1, Name(letter), Arguments(letter));
            client.Write(1, new ExchangeDeclare(Name(letter), TypeOf(letter), Passive: false, Durable: true, AutoDelete: false, Internal: false, NoWait: false, FieldTable.Empty));
            await client.CallAsync(MethodId.ExchangeDeclareOk);
            client.Write(1, new QueueBind(Name(letter), Name(letter), "#", NoWait: false, FieldTable.Empty));
            await client.CallAsync(MethodId.QueueBindOk);
        }
    }

    /// <summary>Deletes queues and exchanges, with the bindings they gathered.</summary>
    public static async Task DeleteAsync(LoadClient client, string letters)
    {
        foreach (var letter in letters)
        {
            client.Write(1, new QueueDelete(Name(letter), IfUnused: false, IfEmpty: false, NoWait: false));
            await client.CallAsync(MethodId.QueueDeleteOk);
            client.Write(1, new ExchangeDelete(Name(letter), IfUnused: false, NoWait: false));
            await client.CallAsync(MethodId.ExchangeDeleteOk);
        }
    }

    /// <summary>The opening of a connection, answers not waited for.</summary>
    public static byte[] Opening()
    {
        var output = new ArrayBufferWriter<byte>();
        output.Write(ProtocolHeader.Bytes);
        var capabilities = FieldTable.Of(("publisher_confirms", true), ("basic.nack", true), ("consumer_cancel_notify", true), ("connection.blocked", true));
        FrameWriter.WriteMethod(output, 0, new ConnectionStartOk(
            FieldTable.Of(("product", "fuzz"), ("capabilities", capabilities)), "PLAIN", "\0hostile\0hostile"u8.ToArray(), "en_US"));
        FrameWriter.WriteMethod(output, 0, new ConnectionTuneOk(2_047, FrameMax, 0));
        FrameWriter.WriteMethod(output, 0, new ConnectionOpen("/"));
        return output.WrittenSpan.ToArray();
    }

    /// <summary>What follows the opening: channels, and commands on them.</summary>
    public static byte[] Commands(Random random)
    {
        var output = new ArrayBufferWriter<byte>();
        var channels = random.Next(1, 4);
        for (var channel = 1; channel <= channels; channel++)
        {
            FrameWriter.WriteMethod(output, (ushort)channel, new ChannelOpen());
            if (random.Next(3) == 0)
                FrameWriter.WriteMethod(output, (ushort)channel, new ConfirmSelect(NoWait: false));
            else if (random.Next(4) == 0)
                FrameWriter.WriteMethod(output, (ushort)channel, new TxSelect());
        }

        // What comes and goes may be there, or not.
        foreach (var letter in random.GetItems(Passing.AsSpan(), random.Next(5)))
        {
            FrameWriter.WriteMethod(output, 1, new QueueDeclare(
                Name(letter), Passive: false, Durable: true, Exclusive: false, AutoDelete: false, NoWait: false, Arguments(letter)));
            FrameWriter.WriteMethod(output, 1, new ExchangeDeclare(
                Name(letter), TypeOf(letter), Passive: false, Durable: true, AutoDelete: false, Internal: false, NoWait: false, FieldTable.Empty));
        }

        for (var count = random.Next(1, 40); count > 0; count--)
            WriteCommand(output, (ushort)random.Next(1, channels + 1), random);
        if (random.Next(3) == 0)
            FrameWriter.WriteMethod(output, 0, new ConnectionClose(ReplyCode.Success, "", 0));
        return output.WrittenSpan.ToArray();
    }

    private static void WriteCommand(ArrayBufferWriter<byte> output, ushort channel, Random random)
    {
        var any = Name(random.GetItems((Fixed + Fixed + Passing).AsSpan(), 1)[0]);
        var passing = random.GetItems(Passing.AsSpan(), 1)[0];
        switch (random.Next(24))
        {
            case < 7:
                WritePublish(output, channel, any, random);
                break;
            case 7:
                FrameWriter.WriteMethod(output, channel, new QueueDeclare(
                    Name(passing), Passive: false, Durable: true, Exclusive: false, AutoDelete: false, NoWait: random.Next(2) == 0, Arguments(passing)));
                break;
            case 8:
                FrameWriter.WriteMethod(output, channel, new ExchangeDeclare(
                    Name(passing), TypeOf(passing), Passive: false, Durable: true, AutoDelete: false, Internal: false, NoWait: false, FieldTable.Empty));
                break;
            case 9:
                FrameWriter.WriteMethod(output, channel, new QueueBind(any, Name('a'), "a.*.#", NoWait: false, Headers(random)));
                break;
            case 10:
                FrameWriter.WriteMethod(output, channel, new ExchangeBind(any, Name(passing), "#.b", NoWait: false, FieldTable.Empty));
                break;
            case 11 or 12:
                FrameWriter.WriteMethod(output, channel, new BasicConsume(
                    any, random.Next(2) == 0 ? "" : $"tag-{random.Next()}", NoLocal: false, NoAck: random.Next(2) == 0, Exclusive: random.Next(10) == 0, NoWait: false,
                    random.Next(2) == 0 ? FieldTable.Empty : FieldTable.Of(("x-priority", random.Next()))));
                break;
            case 13:
                FrameWriter.WriteMethod(output, channel, new BasicGet(any, NoAck: random.Next(2) == 0));
                break;
            case 14:
                FrameWriter.WriteMethod(output, channel, new BasicAck((ulong)random.Next(5), Multiple: random.Next(2) == 0));
                break;
            case 15:
                FrameWriter.WriteMethod(output, channel, new BasicNack((ulong)random.Next(5), Multiple: random.Next(2) == 0, Requeue: random.Next(2) == 0));
                break;
            case 16:
                FrameWriter.WriteMethod(output, channel, new BasicQos(0, (ushort)random.Next(20), Global: random.Next(2) == 0));
                break;
            case 17:
                FrameWriter.WriteMethod(output, channel, new BasicRecover(Requeue: true));
                break;
            case 18:
                FrameWriter.WriteMethod(output, channel, new QueuePurge(any, NoWait: false));
                break;
            case 19:
                FrameWriter.WriteMethod(output, channel, new QueueDelete(Name(passing), IfUnused: random.Next(2) == 0, IfEmpty: random.Next(2) == 0, NoWait: false));
                break;
            case 20:
                FrameWriter.WriteMethod(output, channel, new TxCommit());
                break;
            case 21:
                FrameWriter.WriteMethod(output, channel, new BasicCancel("tag", NoWait: random.Next(2) == 0));
                break;
            case 22:
                FrameWriter.WriteMethod(output, channel, new BasicConsume(
                    "amq.rabbitmq.reply-to", "", NoLocal: false, NoAck: true, Exclusive: false, NoWait: false, FieldTable.Empty));
                break;
            default:
                FrameWriter.WriteMethod(output, channel, new ChannelClose(ReplyCode.Success, "", 0));
                FrameWriter.WriteMethod(output, channel, new ChannelOpen());
                break;
        }
    }

    private static void WritePublish(ArrayBufferWriter<byte> output, ushort channel, string exchange, Random random)
    {
        var properties = new BasicProperties
        {
            DeliveryMode = (byte)random.Next(1, 3),
            Priority = random.Next(3) == 0 ? (byte)random.Next(256) : null,
            Expiration = random.Next(10) == 0 ? "20" : null,
            ReplyTo = random.Next(20) == 0 ? "amq.rabbitmq.reply-to" : null,
            Headers = random.Next(2) == 0 ? Headers(random) : null,
        }.Encode();
        var body = new byte[random.Next(20) == 0 ? random.Next(300_000) : random.Next(2_000)];
        random.NextBytes(body);
        FrameWriter.WriteMethod(output, channel, new BasicPublish(Encoding.UTF8.GetBytes(exchange), "a.key.b"u8, mandatory: random.Next(2) == 0, immediate: false));
        FrameWriter.WriteHeader(output, channel, body.Length, properties);
        if (body.Length > 0)
            FrameWriter.WriteBody(output, channel, body, FrameMax);
    }

    private static FieldTable Headers(Random random) => FieldTable.Of(
        ("number", random.Next()), ("text", new string('x', random.Next(50))), ("flag", true), ("nested", FieldTable.Of(("a", 1L), ("b", "c"))),
        ("CC", FieldValue.Array("a.cc", "b.cc")), ("list", FieldValue.Array(1, 2L, "three", FieldTable.Empty)));
}
