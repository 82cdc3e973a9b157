using System.Globalization;
using System.Text;

namespace Warren.Broker.Protocol;

/// <summary>Writes octets and values the way Erlang prints them, since that is how they stand in RabbitMQ's error texts.</summary>
internal static class ErlangTerm
{
    /// <summary>A binary as numbers, whatever it holds: <c>&lt;&lt;0,65,255&gt;&gt;</c>.</summary>
    public static string OfBytes(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder("<<");
        foreach (var octet in bytes)
        {
            if (text.Length > 2)
                text.Append(',');
            text.Append(octet);
        }

        return text.Append(">>").ToString();
    }

    /// <summary>A binary as text when every octet can be printed, else as numbers: <c>&lt;&lt;"AMQP"&gt;&gt;</c>.</summary>
    public static string OfText(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return "<<>>";
        var text = new StringBuilder("<<\"");
        foreach (var octet in bytes)
        {
            switch (octet)
            {
                case (byte)'"': text.Append("\\\""); break;
                case (byte)'\\': text.Append("\\\\"); break;
                case (byte)'\n': text.Append("\\n"); break;
                case (byte)'\r': text.Append("\\r"); break;
                case (byte)'\t': text.Append("\\t"); break;
                case (byte)'\v': text.Append("\\v"); break;
                case (byte)'\b': text.Append("\\b"); break;
                case (byte)'\f': text.Append("\\f"); break;
                case 27: text.Append("\\e"); break;
                case (>= 32 and < 127) or >= 160: text.Append((char)octet); break;
                default: return OfBytes(bytes);
            }
        }

        return text.Append("\">>").ToString();
    }

    /// <summary>A value of a field table: <c>5</c>, <c>&lt;&lt;"all"&gt;&gt;</c>, <c>[{&lt;&lt;"a"&gt;&gt;,bool,true}]</c>.</summary>
    public static string OfValue(FieldValue value)
    {
        if (value.TryGetTable(out var table))
            return $"[{string.Join(',', table.Entries.ToArray().Select(OfField))}]";
        if (value.TryGetArray(out var items))
            return $"[{string.Join(',', items.Select(item => $"{{{NameOf(item.Type)},{OfValue(item)}}}"))}]";
        return value.Type switch
        {
            FieldType.LongString or FieldType.Binary => OfText(value.AsOctets()),
            FieldType.Float or FieldType.Double => OfFloat(value.AsDouble()),
            FieldType.Decimal => $"{{{value.Bits >> 32},{(uint)value.Bits}}}",
            _ => value.ToString(),
        };
    }

    /// <summary>RabbitMQ's name of a type of field, as its errors have it.</summary>
    public static string NameOf(FieldType type) => type switch
    {
        FieldType.Boolean => "bool",
        FieldType.Int8 => "byte",
        FieldType.UInt8 => "unsignedbyte",
        FieldType.Int16 => "short",
        FieldType.UInt16 => "unsignedshort",
        FieldType.Int32 => "signedint",
        FieldType.UInt32 => "unsignedint",
        FieldType.Int64 or FieldType.SpecInt64 => "long",
        FieldType.Float => "float",
        FieldType.Double => "double",
        FieldType.Decimal => "decimal",
        FieldType.LongString => "longstr",
        FieldType.Binary => "binary",
        FieldType.Timestamp => "timestamp",
        FieldType.Table => "table",
        FieldType.Array => "array",
        FieldType.Void => "void",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No such type of field."),
    };

    private static string OfField(FieldEntry field) =>
        $"{{{OfText(WireOctets(field.Name))},{NameOf(field.Value.Type)},{OfValue(field.Value)}}}";

    private static string OfFloat(double number)
    {
        var text = number.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e').Replace("e+", "e", StringComparison.Ordinal);
        if (text.Contains('.', StringComparison.Ordinal))
            return text;
        var exponent = text.IndexOf('e', StringComparison.Ordinal);
        return exponent < 0 ? text + ".0" : text.Insert(exponent, ".0");
    }

    private static byte[] WireOctets(string text)
    {
        var octets = new byte[WireText.GetSize(text)];
        WireText.Encode(text, octets);
        return octets;
    }
}
