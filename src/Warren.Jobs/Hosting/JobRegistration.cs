using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;

namespace Warren.Jobs.Hosting;

/// <summary>The code of one kind: from args in JSON to a result in JSON.</summary>
/// <exception cref="BadPayloadException">The args or the result are not what the kind's types demand.</exception>
internal delegate Task<byte[]> JobCode(IServiceProvider services, ReadOnlyMemory<byte> args, JobContext job, CancellationToken cancellationToken);

/// <summary>A kind that this process can do. Every registration in the services is taken up by the worker.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Options">How it is done, as set in code.</param>
/// <param name="Code">The code.</param>
/// <param name="ArgsSchema">JSON Schema of the args, or null if anything is taken.</param>
/// <param name="ResultSchema">JSON Schema of the result.</param>
internal sealed record JobRegistration(JobKind Kind, JobKindOptions Options, JobCode Code, JsonElement? ArgsSchema, JsonElement? ResultSchema)
{
    /// <summary>A kind whose args and results have types.</summary>
    public static JobRegistration Of<TArgs, TResult>(
        JobKind<TArgs, TResult> kind, JobKindOptions options, Func<IServiceProvider, TArgs, JobContext, CancellationToken, Task<TResult>> handle) => new(
        kind,
        options,
        async (services, args, job, cancellationToken) => Write(await handle(services, Read<TArgs>(args), job, cancellationToken)),
        Schema<TArgs>(),
        Schema<TResult>());

    /// <summary>JSON Schema of a type as <see cref="JobJson"/> writes it; null for a type that is any JSON.</summary>
    public static JsonElement? Schema<T>()
    {
        if (AnyJson<T>())
            return null;
        var schema = JobJson.Options.GetJsonSchemaAsNode(typeof(T), new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
        return JsonSerializer.SerializeToElement(schema, JobJson.Options);
    }

    private static TArgs Read<TArgs>(ReadOnlyMemory<byte> args)
    {
        try
        {
            var read = JsonSerializer.Deserialize<TArgs>(args.Span, JobJson.Options);
            return read is not null || AnyJson<TArgs>()
                ? read!
                : throw new BadPayloadException("invalid_args", $"The args are null; {typeof(TArgs).Name} was expected.");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or ArgumentException)
        {
            throw new BadPayloadException("invalid_args", $"The args are not those of {typeof(TArgs).Name}: {error.Message}", error);
        }
    }

    private static bool AnyJson<T>() =>
        typeof(T) == typeof(JsonElement) || typeof(T) == typeof(JsonElement?) || typeof(T).IsAssignableTo(typeof(JsonNode)) || typeof(T) == typeof(object);

    private static byte[] Write<TResult>(TResult result)
    {
        try
        {
            return JsonSerializer.SerializeToUtf8Bytes(result, JobJson.Options);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or ArgumentException or InvalidOperationException)
        {
            throw new BadPayloadException("invalid_result", $"The result, of {typeof(TResult).Name}, cannot be written as JSON: {error.Message}", error);
        }
    }
}

/// <summary>Args or a result are not what the kind's types demand; another attempt would find the same.</summary>
/// <param name="code">The failure's code.</param>
internal sealed class BadPayloadException(string code, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The failure's code.</summary>
    public string Code { get; } = code;
}
