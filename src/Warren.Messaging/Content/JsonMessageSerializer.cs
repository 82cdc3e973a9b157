using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Warren.Messaging.Content;

/// <summary>JSON by System.Text.Json, straight into the buffer and straight from the body.</summary>
internal sealed class JsonMessageSerializer(JsonSerializerOptions options) : IMessageSerializer
{
    private const int DefaultMaxDepth = 64;

    // A writer that stays attached to nothing in particular between messages, so that it keeps no message's buffer alive.
    private static readonly PooledBuffer Detached = new();

    [ThreadStatic]
    private static Utf8JsonWriter? _spareWriter;

    [ThreadStatic]
    private static JsonMessageSerializer? _spareOwner;

    private readonly JsonSerializerOptions _options = Freeze(options);

    /// <inheritdoc/>
    public string ContentType => MediaTypes.Json;

    /// <inheritdoc/>
    public bool CanRead(string contentType) => MediaTypes.IsJson(contentType);

    /// <inheritdoc/>
    public void Serialize<T>(T value, IBufferWriter<byte> output)
    {
        var typeInfo = TypeInfo<T>();
        var writer = TakeWriter(output);
        try
        {
            JsonSerializer.Serialize(writer, value, typeInfo);
            writer.Flush();
        }
        finally
        {
            writer.Reset(Detached);
            _spareWriter = writer;
            _spareOwner = this;
        }
    }

    /// <inheritdoc/>
    public T? Deserialize<T>(ReadOnlyMemory<byte> body)
    {
        var json = body.Span;
        if (json.StartsWith("\uFEFF"u8))
            json = json[3..];
        return JsonSerializer.Deserialize(json, TypeInfo<T>());
    }

    private static JsonSerializerOptions Freeze(JsonSerializerOptions options)
    {
        // A copy: the application's own object stays open to changes, which then cannot reach messages half-way.
        var copy = new JsonSerializerOptions(options);
        if (copy.TypeInfoResolver is not null)
            copy.TypeInfoResolverChain.Add(BasicJsonTypes.Default);
        copy.MakeReadOnly(populateMissingResolver: true);
        return copy;
    }

    // The frozen options keep one JsonTypeInfo per type, so this is a look-up.
    private JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T));

    // The writer is out of its slot while in use, for a converter may serialize another message on this thread.
    private Utf8JsonWriter TakeWriter(IBufferWriter<byte> output)
    {
        var writer = _spareOwner == this ? _spareWriter : null;
        if (writer is null)
            return new Utf8JsonWriter(output, WriterOptions());
        _spareWriter = null;
        writer.Reset(output);
        return writer;
    }

    private JsonWriterOptions WriterOptions() => new()
    {
        Encoder = _options.Encoder,
        Indented = _options.WriteIndented,
        IndentCharacter = _options.IndentCharacter,
        IndentSize = _options.IndentSize,
        NewLine = _options.NewLine,
        MaxDepth = _options.MaxDepth == 0 ? DefaultMaxDepth : _options.MaxDepth,
        // As JsonSerializer does for its own writers.
        SkipValidation = true,
    };
}

/// <summary>Types that an application whose options know only its own source-generated types can still send and read.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(decimal))]
[JsonSerializable(typeof(Guid))]
[JsonSerializable(typeof(object))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(JsonDocument))]
[JsonSerializable(typeof(JsonNode))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(JsonArray))]
[JsonSerializable(typeof(JsonValue))]
internal sealed partial class BasicJsonTypes : JsonSerializerContext;
