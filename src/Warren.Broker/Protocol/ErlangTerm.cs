using System.Text;

namespace Warren.Broker.Protocol;

/// <summary>Writes bytes the way Erlang prints binaries, since that is how they stand in RabbitMQ's error texts.</summary>
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
}
