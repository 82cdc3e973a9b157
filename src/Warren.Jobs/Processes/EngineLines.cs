using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Warren.Jobs.Processes;

/// <summary>The lines between Warren and an engine, one JSON object each: writes what goes down, reads what comes up. Pure.</summary>
internal static class EngineLines
{
    /// <summary>The version of the protocol that is spoken.</summary>
    public const int Protocol = 1;

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Asks whether the process lives.</summary>
    public static ReadOnlyMemory<byte> Ping { get; } = Write(json => json.WriteString("type", "ping"));

    /// <summary>Hands a job to the process.</summary>
    public static ReadOnlyMemory<byte> Job(JobContext job, JsonElement args) => Write(json =>
    {
        json.WriteString("type", "job");
        json.WriteString("id", job.Id.ToString());
        json.WriteString("kind", job.Kind);
        json.WriteNumber("attempt", job.Attempt);
        json.WritePropertyName("args");
        args.WriteTo(json);
        if (job.Checkpoint is { } checkpoint)
        {
            json.WritePropertyName("checkpoint");
            checkpoint.WriteTo(json);
        }
    });

    /// <summary>Asks the process to stop its job.</summary>
    public static ReadOnlyMemory<byte> Cancel(JobId id, JobStopReason reason) => Write(json =>
    {
        json.WriteString("type", "cancel");
        json.WriteString("id", id.ToString());
        json.WriteString("reason", reason switch
        {
            JobStopReason.TimedOut => "timed_out",
            JobStopReason.ShuttingDown => "shutting_down",
            JobStopReason.LeaseLost => "lease_lost",
            _ => "canceled",
        });
    });

    /// <summary>Reads a line of the process.</summary>
    /// <exception cref="JobFailedException"><see cref="EngineFault.InvalidLine"/> or <see cref="EngineFault.Protocol"/>.</exception>
    public static EngineMessage Read(ReadOnlyMemory<byte> line)
    {
        if (!Utf8.IsValid(line.Span))
            throw Invalid(line, $"it is not UTF-8 from byte {JsonText.FirstInvalid(line.Span) + 1} on");
        try
        {
            using var document = JsonDocument.Parse(JsonText.Readable(line));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Invalid(line, "it is no JSON object");
            return new EngineLineReader(document.RootElement, line).Read();
        }
        catch (JsonException exception)
        {
            throw Invalid(line, $"it is not JSON from byte {(exception.BytePositionInLine ?? 0) + 1} on", exception);
        }
    }

    /// <summary>The beginning of a line, as it may stand in a message.</summary>
    public static string Shown(ReadOnlySpan<byte> line)
    {
        const int longest = 200;
        var text = new StringBuilder();
        foreach (var rune in Encoding.UTF8.GetString(line[..Math.Min(line.Length, longest)]).EnumerateRunes())
            text.Append(Rune.IsControl(rune) ? "�" : rune.ToString());
        return line.Length > longest ? $"{text}… ({line.Length:N0} bytes)" : text.ToString();
    }

    private static JobFailedException Invalid(ReadOnlyMemory<byte> line, string why, Exception? inner = null) => EngineFault.Of(
        EngineFault.InvalidLine,
        $"The engine wrote a line that cannot be read: {why}. One JSON object a line was expected on standard output; " +
        $"anything else belongs on standard error. Found: {Shown(line.Span)}",
        inner: inner);

    // JSON has its newlines escaped, so what the writer makes without indenting is one line.
    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
