using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Warren.Jobs;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>One request that was let in, with what its handler needs.</summary>
internal sealed class ApiCall(HttpContext http, ApiServices services, string prefix, Caller caller)
{
    // Around the args: the names and values that stand beside them.
    private const int BesideArgs = 64 * 1024;

    // What is read of a body that is refused, so that its sender hears why.
    private const long MostPassedOver = 16 * 1024 * 1024;

    public HttpContext Http => http;

    public ApiServices Services => services;

    public Caller Caller => caller;

    /// <summary>Canceled when the client is gone.</summary>
    public CancellationToken Aborted => http.RequestAborted;

    /// <summary>Where the API begins, as clients see it.</summary>
    public string Root => http.Request.PathBase + prefix;

    /// <summary>A part of the path; the router leaves an encoded slash as it is.</summary>
    public string Value(string name) => ((string)http.Request.RouteValues[name]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    /// <summary>The job that the path names.</summary>
    public JobId Id() => JobId.TryParse(Value("id"), null, out var id)
        ? id
        : throw new ProblemException("invalid_request", $"'{Cut(Value("id"))}' is not a job id; a UUID such as 0199a3b0-6f3e-7cc2-9a51-1f0c6c3b7a11 was expected.");

    /// <summary>A part of the query that may stand there once.</summary>
    public string? Query(string name)
    {
        var values = http.Request.Query[name];
        if (values.Count > 1)
            throw new ProblemException("invalid_request", $"'{name}' is there {values.Count} times; once was expected.");
        return string.IsNullOrEmpty(values) ? null : values.ToString();
    }

    /// <summary>A whole number in the query.</summary>
    public int Number(string name, int otherwise, int least, int most) => Query(name) is not { } text ? otherwise
        : int.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new ProblemException("invalid_request", $"{name} is '{Cut(text)}'; {least} to {most} was expected.");

    /// <summary>Refuses names in the query that the route does not know: a misspelled filter would show everything.</summary>
    public void Expect(params ReadOnlySpan<string> known)
    {
        foreach (var name in http.Request.Query.Keys)
        {
            if (!known.Contains(name))
                throw new ProblemException("invalid_request", $"'{Cut(name)}' is not known here; {(known.Length == 0 ? "nothing" : string.Join(", ", known!))} was expected in the query.");
        }
    }

    /// <summary>Answers with JSON.</summary>
    public Task AnswerAsync<T>(T value, int status = StatusCodes.Status200OK)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        return http.Response.BodyWriter.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, JobJson.Options), Aborted).AsTask();
    }

    /// <summary>Answers with JSON that is there already.</summary>
    public Task AnswerJsonAsync(ReadOnlyMemory<byte> json)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        return http.Response.BodyWriter.WriteAsync(json, Aborted).AsTask();
    }

    /// <summary>The body as JSON; its place in an error is a line and a byte.</summary>
    public async Task<JsonElement> ReadJsonAsync()
    {
        var body = await ReadBodyAsync();
        try
        {
            return JsonDocument.Parse(JsonText.Readable(body), new JsonDocumentOptions { MaxDepth = 64 }).RootElement;
        }
        catch (JsonException error)
        {
            throw Malformed(error);
        }
    }

    /// <summary>The body as an object of a type; an empty one if it may be and there is none.</summary>
    public async Task<T> ReadAsync<T>(bool mayBeEmpty = false)
        where T : class
    {
        ReadOnlyMemory<byte> body = await ReadBodyAsync();
        try
        {
            body = body.Length == 0 && mayBeEmpty ? "{}"u8.ToArray() : JsonText.Readable(body);
            // Twice, so that what is no JSON is told from what is another object.
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException error)
        {
            throw Malformed(error);
        }
        try
        {
            return JsonSerializer.Deserialize<T>(body.Span, JobJson.Options)
                ?? throw new ProblemException("invalid_request", "null was found; an object was expected.", "");
        }
        catch (JsonException error)
        {
            throw new ProblemException(new("invalid_request", Sentence(error), Pointer(error.Path)), error);
        }
    }

    /// <summary>Writes down who changes what, before it is changed: a change that nobody could find out about does not happen.</summary>
    public Task AuditAsync(string action, string subject, string? detail = null) =>
        services.Coordinator.Store.WriteAuditAsync(new(services.Time.GetUtcNow(), caller.Name, action, subject, detail), Aborted);

    private async Task<byte[]> ReadBodyAsync()
    {
        var most = services.Limits.MaxArgsBytes + BesideArgs;
        // Who is refused while he still sends hears of a broken connection instead of the reason, so a body is read to its end, within reason.
        var mostRead = most + MostPassedOver;
        // Kestrel's own limit is lower than what may be configured here.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = mostRead;
        if (http.Request.ContentLength > mostRead)
            throw TooLarge(most);
        var buffer = new ArrayBufferWriter<byte>((int)Math.Clamp(http.Request.ContentLength ?? 1024, 1, most));
        long length = 0;
        while (true)
        {
            var read = await http.Request.BodyReader.ReadAsync(Aborted);
            length += read.Buffer.Length;
            if (length <= most)
            {
                foreach (var part in read.Buffer)
                    buffer.Write(part.Span);
            }
            http.Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                break;
        }
        if (length > most)
            throw TooLarge(most);
        return Utf8.IsValid(buffer.WrittenSpan)
            ? buffer.WrittenSpan.ToArray()
            : throw new ProblemException("invalid_json", "The body is not UTF-8, in which JSON is written.");
    }

    private static ProblemException TooLarge(int most) =>
        new("args_too_large", $"The body is larger than {most:N0} bytes, which is what is taken. Large inputs belong into files.");

    private static ProblemException Malformed(JsonException error) => new(
        new("invalid_json", $"The body is not JSON: at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}: {Sentence(error)}"), error);

    // The library adds its own coordinates behind the sentence.
    private static string Sentence(JsonException error)
    {
        var message = error.Message;
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var path = message.IndexOf(" Path: ", StringComparison.Ordinal);
        end = end < 0 ? path : path < 0 ? end : Math.Min(end, path);
        return end < 0 ? message : message[..end].TrimEnd('|', ' ');
    }

    // $.a[1].b as /a/1/b; names with other characters stand in ['…'].
    private static string? Pointer(string? path) => path is null || path.Contains('\'', StringComparison.Ordinal)
        ? null
        : path.TrimStart('$').Replace("]", "", StringComparison.Ordinal).Replace('[', '/').Replace('.', '/');

    private static string Cut(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
