using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace Warren.TestKit;

/// <summary>A broker somebody else runs, given by the environment variable <c>WARREN_TEST_AMQP</c>.</summary>
/// <remarks>
/// With <c>WARREN_TEST_AMQP_MANAGEMENT</c> (the address of its management API) each test gets a virtual host of its own, deleted at
/// the end; without it all share the one of the URL.
/// </remarks>
public sealed class ExternalBroker : IAmqpBroker
{
    private readonly HttpClient? _management;
    private readonly string _run = Guid.NewGuid().ToString("n")[..8];
    private readonly List<string> _virtualHosts = [];

    /// <summary>The broker at <paramref name="url"/>, managed, if at all, at <paramref name="management"/> with the same user and password.</summary>
    public ExternalBroker(string url, Uri? management = null)
    {
        Url = url;
        if (management is null)
            return;
        var user = Uri.UnescapeDataString(new Uri(url).UserInfo);
        _management = new() { BaseAddress = management };
        _management.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(user.Length > 0 ? user : "guest:guest")));
    }

    /// <inheritdoc/>
    public string Url { get; }

    /// <summary>The broker of the environment, or null when none is given.</summary>
    public static ExternalBroker? FromEnvironment() =>
        Environment.GetEnvironmentVariable("WARREN_TEST_AMQP") is { Length: > 0 } url
            ? new(url, Environment.GetEnvironmentVariable("WARREN_TEST_AMQP_MANAGEMENT") is { Length: > 0 } management ? new Uri(management) : null)
            : null;

    /// <inheritdoc/>
    public async Task<string> NewVirtualHostAsync(CancellationToken cancellationToken = default)
    {
        if (_management is null)
            return Url;

        string name;
        lock (_virtualHosts)
        {
            name = $"test-{_run}-{_virtualHosts.Count + 1}";
            _virtualHosts.Add(name);
        }

        var user = new UriBuilder(Url).UserName is { Length: > 0 } given ? given : "guest";
        await PutAsync($"api/vhosts/{name}", new { }, cancellationToken);
        await PutAsync($"api/permissions/{name}/{user}", new { configure = ".*", write = ".*", read = ".*" }, cancellationToken);
        return new UriBuilder(Url) { Path = name }.Uri.ToString();
    }

    /// <summary>Deletes the virtual hosts that were made; the broker runs on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_management is null)
            return;
        foreach (var name in _virtualHosts)
        {
            using var response = await _management.DeleteAsync(new Uri($"api/vhosts/{name}", UriKind.Relative));
        }

        _management.Dispose();
    }

    private async Task PutAsync<T>(string path, T body, CancellationToken cancellationToken)
    {
        using var response = await _management!.PutAsJsonAsync(new Uri(path, UriKind.Relative), body, cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"The management API answered {(int)response.StatusCode} to PUT {path}; expected 2xx.");
    }
}
