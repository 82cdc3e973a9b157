using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Warren.Broker.Tests.Suite;

/// <summary>Writes and reads frames by the table of <see cref="RawSpecification"/>, slowly and plainly, independent of the broker's own protocol code.</summary>
public static class RawCodec
{
    /// <summary>The type of a method frame.</summary>
    public const byte MethodFrame = 1;

    /// <summary>The type of a content header frame.</summary>
    public const byte HeaderFrame = 2;

    /// <summary>The type of a content body frame.</summary>
    public const byte BodyFrame = 3;

    /// <summary>The type of a heartbeat frame.</summary>
    public const byte HeartbeatFrame = 8;

    /// <summary>A whole frame with its end octet.</summary>
    public static byte[] Frame(byte type, ushort channel, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[8 + payload.Length];
        frame[0] = type;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), channel);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(3), payload.Length);
        payload.CopyTo(frame.AsSpan(7));
        frame[^1] = 0xCE;
        return frame;
    }

    /// <summary>A method frame; arguments that are not given are zero, empty or false.</summary>
    public static byte[] Method(ushort channel, string name, params (string Name, object? Value)[] arguments)
    {
        var shape = RawSpecification.Named(name);
        foreach (var (given, _) in arguments)
            Assert.Contains(given, shape.Arguments.Select(argument => argument.Name));

        var payload = new List<byte>();
        WriteShort(payload, shape.ClassId);
        WriteShort(payload, shape.MethodId);
        var bits = 0;
        var octet = 0;
        foreach (var (argument, type) in shape.Arguments)
        {
            var value = Array.Find(arguments, pair => pair.Name == argument).Value;
            if (type == "bit")
            {
                octet |= value is true ? 1 << bits : 0;
                bits++;
                continue;
            }

            FlushBits();
            WriteArgument(payload, type, value);
        }

        FlushBits();
        return Frame(MethodFrame, channel, [.. payload]);

        void FlushBits()
        {
            if (bits > 0)
                payload.Add((byte)octet);
            (bits, octet) = (0, 0);
        }
    }

    /// <summary>A content header frame of class basic, or of another.</summary>
    public static byte[] Header(ushort channel, ulong bodySize, IReadOnlyDictionary<string, object?>? properties = null, ushort classId = 60)
    {
        var payload = new List<byte>();
        WriteShort(payload, classId);
        WriteShort(payload, 0);
        WriteArgument(payload, "longlong", bodySize);
        var flags = 0;
        for (var i = 0; i < RawSpecification.Properties.Count; i++)
            flags |= properties?.ContainsKey(RawSpecification.Properties[i].Name) is true ? 1 << (15 - i) : 0;
        WriteShort(payload, (ushort)flags);
        foreach (var (name, type) in RawSpecification.Properties)
        {
            if (properties?.TryGetValue(name, out var value) is true)
                WriteArgument(payload, type, value);
        }

        return Frame(HeaderFrame, channel, [.. payload]);
    }

    /// <summary>A content body frame.</summary>
    public static byte[] Body(ushort channel, ReadOnlySpan<byte> body) => Frame(BodyFrame, channel, body);

    /// <summary>A field table as it is inside a frame, with its length.</summary>
    public static byte[] Table(IReadOnlyDictionary<string, object?> table)
    {
        var bytes = new List<byte>();
        WriteTable(bytes, table);
        return [.. bytes];
    }

    /// <summary>Reads a method frame.</summary>
    public static RawMethod ReadMethod(RawFrame frame)
    {
        var reader = new RawReader(frame.Payload);
        var shape = RawSpecification.Numbered(reader.Short(), reader.Short());
        var arguments = new Dictionary<string, object?>();
        var bits = 0;
        byte octet = 0;
        foreach (var (name, type) in shape.Arguments)
        {
            if (type == "bit")
            {
                if (bits == 0)
                    octet = reader.Octet();
                arguments[name] = (octet & (1 << bits)) != 0;
                bits++;
                continue;
            }

            bits = 0;
            arguments[name] = reader.Argument(type);
        }

        Assert.True(reader.AtEnd, $"{shape.Name} had more octets than its arguments need.");
        return new RawMethod(frame.Channel, shape.Name, arguments);
    }

    /// <summary>Reads a content header frame.</summary>
    public static (ulong BodySize, IReadOnlyDictionary<string, object?> Properties) ReadHeader(RawFrame frame)
    {
        var reader = new RawReader(frame.Payload);
        Assert.Equal(60, reader.Short());
        Assert.Equal(0, reader.Short());
        var size = (ulong)reader.Argument("longlong")!;
        var flags = reader.Short();
        var properties = new Dictionary<string, object?>();
        for (var i = 0; i < RawSpecification.Properties.Count; i++)
        {
            if ((flags & (1 << (15 - i))) != 0)
                properties[RawSpecification.Properties[i].Name] = reader.Argument(RawSpecification.Properties[i].Type);
        }

        Assert.True(reader.AtEnd, "The content header had more octets than its properties need.");
        return (size, properties);
    }

    private static void WriteArgument(List<byte> to, string type, object? value)
    {
        switch (type)
        {
            case "octet":
                to.Add(Convert.ToByte(value ?? 0, CultureInfo.InvariantCulture));
                break;
            case "short":
                WriteShort(to, Convert.ToUInt16(value ?? 0, CultureInfo.InvariantCulture));
                break;
            case "long":
                WriteLong(to, Convert.ToUInt32(value ?? 0, CultureInfo.InvariantCulture));
                break;
            case "longlong":
                WriteLongLong(to, Convert.ToUInt64(value ?? 0, CultureInfo.InvariantCulture));
                break;
            case "timestamp":
                WriteLongLong(to, (ulong)((DateTimeOffset)value!).ToUnixTimeSeconds());
                break;
            case "shortstr":
                var text = Encoding.UTF8.GetBytes((string?)value ?? "");
                to.Add(checked((byte)text.Length));
                to.AddRange(text);
                break;
            case "longstr":
                WriteLongString(to, value is byte[] bytes ? bytes : Encoding.UTF8.GetBytes((string?)value ?? ""));
                break;
            case "table":
                WriteTable(to, (IReadOnlyDictionary<string, object?>?)value ?? new Dictionary<string, object?>());
                break;
            default:
                throw new ArgumentException($"There is no argument type {type}.", nameof(type));
        }
    }

    private static void WriteTable(List<byte> to, IReadOnlyDictionary<string, object?> table)
    {
        var entries = new List<byte>();
        foreach (var (name, value) in table)
        {
            WriteArgument(entries, "shortstr", name);
            WriteField(entries, value);
        }

        WriteLongString(to, [.. entries]);
    }

    private static void WriteField(List<byte> to, object? value)
    {
        switch (value)
        {
            case null: to.Add((byte)'V'); break;
            case bool flag: to.AddRange([(byte)'t', flag ? (byte)1 : (byte)0]); break;
            case sbyte number: to.AddRange([(byte)'b', (byte)number]); break;
            case byte number: to.AddRange([(byte)'B', number]); break;
            case short number: to.Add((byte)'s'); WriteShort(to, (ushort)number); break;
            case ushort number: to.Add((byte)'u'); WriteShort(to, number); break;
            case int number: to.Add((byte)'I'); WriteLong(to, (uint)number); break;
            case uint number: to.Add((byte)'i'); WriteLong(to, number); break;
            case long number: to.Add((byte)'l'); WriteLongLong(to, (ulong)number); break;
            case float number: to.Add((byte)'f'); WriteLong(to, BitConverter.SingleToUInt32Bits(number)); break;
            case double number: to.Add((byte)'d'); WriteLongLong(to, BitConverter.DoubleToUInt64Bits(number)); break;
            case decimal number:
                to.AddRange([(byte)'D', number.Scale]);
                WriteLong(to, (uint)(int)(number * (decimal)Math.Pow(10, number.Scale)));
                break;
            case DateTimeOffset time: to.Add((byte)'T'); WriteArgument(to, "timestamp", time); break;
            case string text: to.Add((byte)'S'); WriteLongString(to, Encoding.UTF8.GetBytes(text)); break;
            case byte[] bytes: to.Add((byte)'x'); WriteLongString(to, bytes); break;
            case IReadOnlyDictionary<string, object?> table: to.Add((byte)'F'); WriteTable(to, table); break;
            case IReadOnlyList<object?> array:
                to.Add((byte)'A');
                var items = new List<byte>();
                foreach (var item in array)
                    WriteField(items, item);
                WriteLongString(to, [.. items]);
                break;
            default: throw new ArgumentException($"A field table has no type for {value.GetType()}.", nameof(value));
        }
    }

    private static void WriteShort(List<byte> to, ushort value) => to.AddRange([(byte)(value >> 8), (byte)value]);

    private static void WriteLong(List<byte> to, uint value)
    {
        WriteShort(to, (ushort)(value >> 16));
        WriteShort(to, (ushort)value);
    }

    private static void WriteLongLong(List<byte> to, ulong value)
    {
        WriteLong(to, (uint)(value >> 32));
        WriteLong(to, (uint)value);
    }

    private static void WriteLongString(List<byte> to, byte[] bytes)
    {
        WriteLong(to, (uint)bytes.Length);
        to.AddRange(bytes);
    }
}
