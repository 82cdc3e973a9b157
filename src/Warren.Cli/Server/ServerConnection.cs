using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Warren.Jobs;

namespace Warren.Cli.Server;

/// <summary>The HTTP API of a Warren, as the verbs use it; its answers are read, its refusals become <see cref="ServerException"/>.</summary>
internal sealed class ServerConnection : IDisposable
{
    private const string DefaultAddress = "http://127.0.0.1:8080";

    private readonly HttpClient _http;

    private ServerConnection(Uri address, string? key)
    {
        Address = address;
        // Nothing here is asked of a proxy: an address on loopback means this machine.
        _http = new(new SocketsHttpHandler { UseProxy = !address.IsLoopback, ConnectTimeout = TimeSpan.FromSeconds(10) })
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (key is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Where it is.</summary>
    public Uri Address { get; }

    /// <summary>The options of every verb that asks a server.</summary>
    public static (Option<string?> Server, Option<string?> Key) Options() => (
        new("--server") { HelpName = "URL", Description = $"The Warren to ask. The default is WARREN_SERVER, else {DefaultAddress}." },
        new("--key") { HelpName = "KEY", Description = "An API key. The default is WARREN_KEY; a Warren without keys serves this machine without one." });

    /// <summary>A connection by flags and environment.</summary>
    /// <exception cref="UsageException">The address is none.</exception>
    public static ServerConnection Open(string? server, string? key)
    {
        var source = server is not null ? "--server" : "WARREN_SERVER";
        var text = server ?? NotEmpty(Environment.GetEnvironmentVariable("WARREN_SERVER")) ?? DefaultAddress;
        if (!Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new UsageException($"{source} is '{text}'; a URL such as {DefaultAddress} was expected.");
        return new(address, key ?? NotEmpty(Environment.GetEnvironmentVariable("WARREN_KEY")));
    }

    /// <summary>Whether flag or environment name a server.</summary>
    public static bool IsNamed(string? server) => server is not null || NotEmpty(Environment.GetEnvironmentVariable("WARREN_SERVER")) is not null;

    /// <summary>Asks, and reads the answer.</summary>
    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await ReadAsync<T>(request, cancellationToken);
    }

    /// <summary>Asks, and returns the status with the answer, which is null if it is no JSON; a refusal is an answer too.</summary>
    /// <exception cref="ServerException">Nobody answers.</exception>
    public async Task<(int Status, JsonElement? Json)> LookAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            return ((int)response.StatusCode, Parsed(text));
        }
        catch (HttpRequestException error)
        {
            throw ServerException.Unreachable(Address, error);
        }
    }

    /// <summary>Sends JSON, and reads the answer.</summary>
    /// <param name="path">The path below the address.</param>
    /// <param name="json">The body; null sends an empty object.</param>
    /// <param name="headers">Further headers.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<T> PostAsync<T>(string path, JsonNode? json, IReadOnlyDictionary<string, string>? headers, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent((json ?? new JsonObject()).ToJsonString(JobJson.Options), Encoding.UTF8, "application/json"),
        };
        foreach (var (name, value) in headers ?? new Dictionary<string, string>())
            request.Headers.Add(name, value);
        return await ReadAsync<T>(request, cancellationToken);
    }

    /// <summary>Deletes, and reads the answer.</summary>
    public async Task<T> DeleteAsync<T>(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, path);
        return await ReadAsync<T>(request, cancellationToken);
    }

    /// <summary>Sends a request and returns the answer while its body is still coming.</summary>
    /// <exception cref="ServerException">It was refused, or nobody answers.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            throw ServerException.Unreachable(Address, error);
        }
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw await ServerException.RefusedAsync(response, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static JsonElement? Parsed(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException)
        {
            // That it is none is the answer.
            return null;
        }
    }

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private async Task<T> ReadAsync<T>(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(request, cancellationToken);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonSerializer.DeserializeAsync<T>(body, JobJson.Options, cancellationToken)
                ?? throw new JsonException("null was found.");
        }
        catch (JsonException error)
        {
            throw new ServerException(ExitCode.Failed, $"{Address} answers {request.RequestUri} with what is not the JSON of a Warren: {error.Message}", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw ServerException.Unreachable(Address, error);
        }
    }
}

/// <summary>A Warren does not answer, or refuses; the message is one for the user.</summary>
/// <param name="exitCode">How the program ends.</param>
internal sealed class ServerException(int exitCode, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>How the program ends.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>Whether nobody answered.</summary>
    public bool IsUnreachable => ExitCode == Cli.ExitCode.Unreachable;

    /// <summary>Nobody answers.</summary>
    public static ServerException Unreachable(Uri address, Exception error)
    {
        var cause = error.GetBaseException() is System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.ConnectionRefused }
            ? ""
            : $" ({error.GetBaseException().Message})";
        return new(Cli.ExitCode.Unreachable, $"No Warren at {address.GetLeftPart(UriPartial.Authority)}{cause}. Start one with `warren serve` or set WARREN_SERVER.", error);
    }

    /// <summary>It answers, and refuses.</summary>
    public static async Task<ServerException> RefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var exitCode = response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? Cli.ExitCode.Refused
            : response.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout ? Cli.ExitCode.Unreachable
            : status is >= 400 and < 500 ? Cli.ExitCode.Refused
            : Cli.ExitCode.Failed;
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return new(exitCode, $"{response.RequestMessage?.RequestUri} answers {status} {response.ReasonPhrase}; that is no Warren, or something stands before it.");
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
        var where = (string?)problem?["pointer"] is { Length: > 0 } pointer ? $" (at {pointer})" : "";
        return new(exitCode, $"{problem?["detail"] ?? problem?["title"]}{where} [{problem?["code"]}]");
    }
}
